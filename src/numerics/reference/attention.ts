import type { AttentionShape, Kernels, Ptr } from '../backend.ts';
import { exp } from '../elementary.ts';
import { at, chainStart, fround, lanes } from '../f32.ts';
import { type Memory, operand, operands } from './memory.ts';

/** One head's rounded operands: `rows` of headDim values each. */
type HeadRows = Float32Array;

export function attentionKernels(memory: Memory): Pick<Kernels, 'attentionForward' | 'attentionBackward'> {
  const { f32 } = memory;

  return {
    attentionForward(out, stats, q, k, v, shape) {
      const { queries, offset, heads, headDim } = shape;
      const scale = attentionScale(headDim);
      forEachHead(shape, (b, h, g) => {
        const { rowsQ, rowsK, rowsV } = headOperands(memory, q, k, v, shape, b, h, g);
        for (let i = 0; i < queries; i++) {
          const visible = offset + i + 1;
          const scores = rowProducts(rowsQ, i, rowsK, visible, headDim, scale);
          let max = at(scores, 0);
          for (let j = 1; j < visible; j++) if (at(scores, j) > max) max = at(scores, j);
          const p = scores.map((s) => exp(fround(s - max)));
          const z = fround(1 / lanes(visible, (j) => at(p, j)));
          const row = stats + ((b * heads + h) * queries + i) * 2;
          f32[row] = max;
          f32[row + 1] = z;
          const target = out + (b * queries + i) * heads * headDim + h * headDim;
          f32.fill(0, target, target + headDim);
          for (let j = 0; j < visible; j++) {
            addScaled(f32, target, operand(memory, fround(at(p, j) * z)), rowsV, j * headDim, headDim);
          }
        }
      });
    },

    attentionBackward(dq, dk, dv, dOut, stats, q, k, v, shape) {
      const { batch, queries, heads, kvHeads, headDim } = shape;
      const scale = attentionScale(headDim);
      const kvWords = batch * queries * kvHeads * headDim;
      for (const gradient of [dk, dv]) {
        for (let i = 0; i < kvWords; i++) f32[gradient + i] = chainStart(at(f32, gradient + i));
      }
      forEachHead(shape, (b, h, g) => {
        const { rowsQ, rowsK, rowsV } = headOperands(memory, q, k, v, shape, b, h, g);
        const first = b * queries * heads * headDim + h * headDim;
        const rowsD = operands(memory, dOut + first, queries, headDim, heads * headDim);
        for (let i = 0; i < queries; i++) {
          const visible = i + 1;
          const row = stats + ((b * heads + h) * queries + i) * 2;
          const max = at(f32, row);
          const z = at(f32, row + 1);
          const p = rowProducts(rowsQ, i, rowsK, visible, headDim, scale).map((s) => fround(exp(fround(s - max)) * z));
          const dp = rowProducts(rowsD, i, rowsV, visible, headDim, 1);
          const t = lanes(visible, (j) => fround(at(p, j) * at(dp, j)));
          const target = dq + first + i * heads * headDim;
          f32.fill(0, target, target + headDim);
          for (let j = 0; j < visible; j++) {
            const ds = operand(memory, fround(fround(at(p, j) * fround(at(dp, j) - t)) * scale));
            const kv = (b * queries + j) * kvHeads * headDim + g * headDim;
            addScaled(f32, target, ds, rowsK, j * headDim, headDim);
            addScaled(f32, dv + kv, operand(memory, at(p, j)), rowsD, i * headDim, headDim);
            addScaled(f32, dk + kv, ds, rowsQ, i * headDim, headDim);
          }
        }
      });
    },
  };
}

function attentionScale(headDim: number): number {
  return fround(1 / fround(Math.sqrt(headDim)));
}

/** Visits (sequence, query head, its key/value head), query heads of one group in ascending order. */
function forEachHead(shape: AttentionShape, visit: (b: number, h: number, g: number) => void): void {
  const group = shape.heads / shape.kvHeads;
  for (let b = 0; b < shape.batch; b++) {
    for (let h = 0; h < shape.heads; h++) visit(b, h, Math.floor(h / group));
  }
}

function headOperands(memory: Memory, q: Ptr, k: Ptr, v: Ptr, shape: AttentionShape, b: number, h: number, g: number) {
  const { queries, keyCapacity, offset, heads, kvHeads, headDim } = shape;
  const visible = offset + queries;
  const kv = b * keyCapacity * kvHeads * headDim + g * headDim;
  return {
    rowsQ: operands(memory, q + b * queries * heads * headDim + h * headDim, queries, headDim, heads * headDim),
    rowsK: operands(memory, k + kv, visible, headDim, kvHeads * headDim),
    rowsV: operands(memory, v + kv, visible, headDim, kvHeads * headDim),
  };
}

/** (row i of `left` · row j of `right`) · scale for j = 0…count−1. */
function rowProducts(left: HeadRows, i: number, right: HeadRows, count: number, headDim: number, scale: number): Float32Array {
  const out = new Float32Array(count);
  for (let j = 0; j < count; j++) {
    let sum = 0;
    for (let d = 0; d < headDim; d++) sum = fround(sum + fround(at(left, i * headDim + d) * at(right, j * headDim + d)));
    out[j] = fround(sum * scale);
  }
  return out;
}

/** One step of headDim chains: target[d] = target[d] + factor · source[d]. */
function addScaled(f32: Float32Array, target: Ptr, factor: number, source: HeadRows, from: number, headDim: number): void {
  for (let d = 0; d < headDim; d++) f32[target + d] = fround(at(f32, target + d) + fround(factor * at(source, from + d)));
}
