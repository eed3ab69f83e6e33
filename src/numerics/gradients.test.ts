import { describe, expect, it } from 'vitest';
import { type AttentionShape, createLayout, type Ptr } from './backend.ts';
import { bf16 } from './f32.ts';
import { createReferenceBackend } from './reference.ts';
import { ropeTables } from './rope-table.ts';
import { createBits } from './self-test/values.ts';

/**
 * Gradients against central differences of plain f64 formulas. The loss is Σ weight·output with fixed random weights, which are then the
 * outputs' gradient. Inputs are bf16 values, so that only roundings inside the kernels remain.
 */

const bits = createBits(7);
function random(length: number, scale = 1): number[] {
  return Array.from({ length }, () => bf16((scale * ((bits() % 20001) - 10000)) / 10000) as number);
}

function numericGradient(f: (x: readonly number[]) => number, x: readonly number[]): number[] {
  const h = 1e-5;
  return x.map((_, i) => {
    const at = (delta: number) => f(x.map((value, j) => (j === i ? value + delta : value)));
    return (at(h) - at(-h)) / (2 * h);
  });
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

/** Largest difference relative to the largest true component. */
function worstDifference(found: ArrayLike<number>, truth: readonly number[]): number {
  const size = Math.max(...truth.map(Math.abs));
  return Math.max(...truth.map((x, i) => Math.abs(x - (found[i] as number)))) / size;
}

/** An arena holding the given arrays, in order, and room for outputs. */
function arenaOf(inputs: readonly (readonly number[])[], outputs: readonly number[]) {
  const layout = createLayout();
  const at = [...inputs.map((x) => layout.reserve(x.length)), ...outputs.map((length) => layout.reserve(length))] as [Ptr, ...Ptr[]];
  const arena = createReferenceBackend().createArena(layout.words);
  inputs.forEach((x, i) => {
    arena.f32(at[i] as Ptr, x.length).set(x);
  });
  return { arena, at: (i: number) => at[i] as Ptr };
}

describe('gradients agree with central differences in f64', () => {
  it('rmsNorm', () => {
    const [rows, dim, eps] = [3, 10, 1e-5];
    const [x, weight, dOut] = [random(rows * dim), random(dim), random(rows * dim)];
    const forward = (xs: readonly number[], ws: readonly number[]) =>
      xs.map((value, i) => {
        const row = xs.slice(Math.floor(i / dim) * dim, (Math.floor(i / dim) + 1) * dim);
        return (value / Math.sqrt(dot(row, row) / dim + eps)) * (ws[i % dim] as number);
      });
    const { arena, at } = arenaOf([x, weight, dOut], [rows * dim, rows, rows * dim, dim]);
    arena.kernels.rmsNormForward(at(3), at(4), at(0), at(1), rows, dim, eps);
    arena.kernels.rmsNormBackward(at(5), at(6), at(2), at(0), at(1), at(4), rows, dim);
    expect(worstDifference(arena.f32(at(3), rows * dim), forward(x, weight))).toBeLessThan(1e-6);
    expect(
      worstDifference(
        arena.f32(at(5), rows * dim),
        numericGradient((xs) => dot(forward(xs, weight), dOut), x),
      ),
    ).toBeLessThan(1e-5);
    expect(
      worstDifference(
        arena.f32(at(6), dim),
        numericGradient((ws) => dot(forward(x, ws), dOut), weight),
      ),
    ).toBeLessThan(1e-5);
  });

  it('rope: the inverse rotation is the gradient', () => {
    const [rows, heads, headDim] = [5, 2, 6];
    const tables = ropeTables({ contextLength: rows, headDim, theta: 100 });
    const [x, dOut] = [random(rows * heads * headDim), random(rows * heads * headDim)];
    const half = headDim / 2;
    const forward = (xs: readonly number[]) =>
      xs.map((value, i) => {
        const d = i % headDim;
        const angle = Math.floor(i / (heads * headDim)) * 100 ** ((-2 * (d % half)) / headDim);
        return d < half
          ? value * Math.cos(angle) - (xs[i + half] as number) * Math.sin(angle)
          : value * Math.cos(angle) + (xs[i - half] as number) * Math.sin(angle);
      });
    const { arena, at } = arenaOf([x, dOut, [...tables.cos], [...tables.sin]], []);
    arena.kernels.rope(at(0), at(2), at(3), rows, rows, 0, heads, headDim, false);
    arena.kernels.rope(at(1), at(2), at(3), rows, rows, 0, heads, headDim, true);
    expect(worstDifference(arena.f32(at(0), x.length), forward(x))).toBeLessThan(1e-6);
    expect(
      worstDifference(
        arena.f32(at(1), x.length),
        numericGradient((xs) => dot(forward(xs), dOut), x),
      ),
    ).toBeLessThan(1e-6);
  });

  it('swiglu', () => {
    const n = 40;
    const [gate, up, dOut] = [random(n, 6), random(n), random(n)];
    const forward = (gates: readonly number[], ups: readonly number[]) =>
      gates.map((g, i) => (g / (1 + Math.exp(-g))) * (ups[i] as number));
    const { arena, at } = arenaOf([gate, up, dOut], [n, n, n]);
    arena.kernels.swigluForward(at(3), at(0), at(1), n);
    arena.kernels.swigluBackward(at(4), at(5), at(2), at(0), at(1), n);
    expect(worstDifference(arena.f32(at(3), n), forward(gate, up))).toBeLessThan(1e-6);
    expect(
      worstDifference(
        arena.f32(at(4), n),
        numericGradient((g) => dot(forward(g, up), dOut), gate),
      ),
    ).toBeLessThan(1e-5);
    expect(
      worstDifference(
        arena.f32(at(5), n),
        numericGradient((u) => dot(forward(gate, u), dOut), up),
      ),
    ).toBeLessThan(1e-5);
  });

  it('crossEntropy', () => {
    const [rows, vocab] = [4, 9];
    const logits = random(rows * vocab, 4);
    const targets = [0, 8, 3, 3];
    const losses = (xs: readonly number[]) =>
      targets.map((target, r) => {
        const row = xs.slice(r * vocab, (r + 1) * vocab);
        return Math.log(row.reduce((sum, l) => sum + Math.exp(l), 0)) - (row[target] as number);
      });
    const { arena, at } = arenaOf([logits], [rows, rows, rows]);
    arena.i32(at(3), rows).set(targets);
    arena.kernels.crossEntropy(at(1), at(2), at(0), at(3), rows, vocab, 0.25);
    const truth = numericGradient(
      (xs) =>
        dot(
          losses(xs),
          targets.map(() => 0.25),
        ),
      logits,
    );
    expect(worstDifference(arena.f32(at(1), rows), losses(logits))).toBeLessThan(1e-6);
    expect(worstDifference(arena.f32(at(0), logits.length), truth)).toBeLessThan(1e-5);
  });

  it('attention, within the bf16 roundings of its probabilities', () => {
    const shape: AttentionShape = { batch: 2, queries: 5, keyCapacity: 5, offset: 0, heads: 4, kvHeads: 2, headDim: 4 };
    const { batch, queries, heads, kvHeads, headDim } = shape;
    const [qWords, kvWords] = [batch * queries * heads * headDim, batch * queries * kvHeads * headDim];
    const [q, k, v, dOut] = [random(qWords), random(kvWords), random(kvWords), random(qWords)];
    const forward = (qs: readonly number[], ks: readonly number[], vs: readonly number[]) => {
      const out: number[] = [];
      for (let row = 0; row < batch * queries; row++) {
        for (let h = 0; h < heads; h++) {
          const first = Math.floor(row / queries) * queries;
          const head = (xs: readonly number[], j: number, width: number, at: number) =>
            xs.slice((j * width + at) * headDim, (j * width + at + 1) * headDim);
          const g = Math.floor(h / (heads / kvHeads));
          const keys = Array.from({ length: row - first + 1 }, (_, j) => first + j);
          const e = keys.map((j) => Math.exp(dot(head(qs, row, heads, h), head(ks, j, kvHeads, g)) / Math.sqrt(headDim)));
          const sum = e.reduce((a, b) => a + b);
          for (let d = 0; d < headDim; d++)
            out.push(
              dot(
                e,
                keys.map((j) => head(vs, j, kvHeads, g)[d] as number),
              ) / sum,
            );
        }
      }
      return out;
    };
    const { arena, at } = arenaOf([q, k, v, dOut], [qWords, batch * heads * queries * 2, qWords, kvWords, kvWords]);
    arena.kernels.attentionForward(at(4), at(5), at(0), at(1), at(2), shape);
    arena.kernels.attentionBackward(at(6), at(7), at(8), at(3), at(5), at(0), at(1), at(2), shape);
    const tolerance = 2 ** -7;
    expect(worstDifference(arena.f32(at(4), qWords), forward(q, k, v))).toBeLessThan(tolerance);
    expect(
      worstDifference(
        arena.f32(at(6), qWords),
        numericGradient((x) => dot(forward(x, k, v), dOut), q),
      ),
    ).toBeLessThan(tolerance);
    expect(
      worstDifference(
        arena.f32(at(7), kvWords),
        numericGradient((x) => dot(forward(q, x, v), dOut), k),
      ),
    ).toBeLessThan(tolerance);
    expect(
      worstDifference(
        arena.f32(at(8), kvWords),
        numericGradient((x) => dot(forward(q, k, x), dOut), v),
      ),
    ).toBeLessThan(tolerance);
  });
});
