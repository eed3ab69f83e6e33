import type { AttentionShape, Kernels, Ptr } from '../backend.ts';
import { exp } from '../elementary.ts';
import { at, chainStart, fround, lanes } from '../f32.ts';
import { type Chains, createChains } from './chains.ts';
import { type Memory, operand, operands, transpose } from './memory.ts';

/** One head's rounded operands: `rows` of headDim values each. */
type HeadRows = Float32Array;

export function attentionKernels(memory: Memory): Pick<Kernels, 'attentionForward' | 'attentionRows' | 'attentionBackward'> {
  const { f32, i32 } = memory;

  const own: ReturnType<typeof attentionKernels> = {
    attentionForward(out, stats, q, k, v, shape) {
      const { queries, offset, heads, headDim } = shape;
      const scale = attentionScale(headDim);
      forEachHead(shape, (b, h, g) => {
        const { rowsQ, rowsV, keysByDim } = headOperands(memory, q, k, v, shape, b, h, g);
        for (let i = 0; i < queries; i++) {
          const visible = offset + i + 1;
          const scores = rowProducts(rowsQ, i, keysByDim, visible, headDim, scale);
          let max = at(scores, 0);
          for (let j = 1; j < visible; j++) if (at(scores, j) > max) max = at(scores, j);
          const p = scores.map((s) => exp(fround(s - max)));
          const z = fround(1 / lanes(visible, (j) => at(p, j)));
          const stat = stats + ((b * heads + h) * queries + i) * 2;
          f32[stat] = max;
          f32[stat + 1] = z;
          const target = out + (b * queries + i) * heads * headDim + h * headDim;
          f32.fill(0, target, target + headDim);
          const row = createChains(f32, target, headDim);
          for (let j = 0; j < visible; j++) row.step(j, operand(memory, fround(at(p, j) * z)), rowsV, j * headDim);
          row.end();
        }
      });
    },

    attentionRows(out, stats, q, k, v, slots, positions, { rows, ...shape }) {
      const queryRow = shape.heads * shape.headDim;
      for (let r = 0; r < rows; r++) {
        const cache = (i32[slots + r] as number) * shape.keyCapacity * shape.kvHeads * shape.headDim;
        const one = { ...shape, batch: 1, queries: 1, offset: i32[positions + r] as number };
        own.attentionForward(out + r * queryRow, stats + r * shape.heads * 2, q + r * queryRow, k + cache, v + cache, one);
      }
    },

    attentionBackward(dq, dk, dv, dOut, stats, q, k, v, shape) {
      const { batch, queries, heads, kvHeads, headDim } = shape;
      const scale = attentionScale(headDim);
      const kvWords = batch * queries * kvHeads * headDim;
      for (const gradient of [dk, dv]) {
        for (let i = 0; i < kvWords; i++) f32[gradient + i] = chainStart(at(f32, gradient + i));
      }
      forEachHead(shape, (b, h, g) => {
        const { rowsQ, rowsK, keysByDim, valuesByDim } = headOperands(memory, q, k, v, shape, b, h, g);
        const first = b * queries * heads * headDim + h * headDim;
        const rowsD = operands(memory, dOut + first, queries, headDim, heads * headDim);
        const keyRow = (gradient: Ptr, j: number) =>
          createChains(f32, gradient + (b * queries + j) * kvHeads * headDim + g * headDim, headDim);
        const rowsDk = Array.from({ length: queries }, (_, j) => keyRow(dk, j));
        const rowsDv = Array.from({ length: queries }, (_, j) => keyRow(dv, j));
        for (let i = 0; i < queries; i++) {
          const visible = i + 1;
          const stat = stats + ((b * heads + h) * queries + i) * 2;
          const max = at(f32, stat);
          const z = at(f32, stat + 1);
          const p = rowProducts(rowsQ, i, keysByDim, visible, headDim, scale).map((s) => fround(exp(fround(s - max)) * z));
          const dp = rowProducts(rowsD, i, valuesByDim, visible, headDim, 1);
          const t = lanes(visible, (j) => fround(at(p, j) * at(dp, j)));
          const target = dq + first + i * heads * headDim;
          f32.fill(0, target, target + headDim);
          const row = createChains(f32, target, headDim);
          for (let j = 0; j < visible; j++) {
            const ds = operand(memory, fround(fround(at(p, j) * fround(at(dp, j) - t)) * scale));
            row.step(j, ds, rowsK, j * headDim);
            (rowsDv[j] as Chains).step(i, operand(memory, at(p, j)), rowsD, i * headDim);
            (rowsDk[j] as Chains).step(i, ds, rowsQ, i * headDim);
          }
          row.end();
        }
        for (const row of [...rowsDk, ...rowsDv]) row.end();
      });
    },
  };
  return own;
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
  const rowsK = operands(memory, k + kv, visible, headDim, kvHeads * headDim);
  const rowsV = operands(memory, v + kv, visible, headDim, kvHeads * headDim);
  return {
    rowsQ: operands(memory, q + b * queries * heads * headDim + h * headDim, queries, headDim, heads * headDim),
    rowsK,
    rowsV,
    keysByDim: transpose(rowsK, visible, headDim),
    valuesByDim: transpose(rowsV, visible, headDim),
  };
}

/** (row i of `left` · row j of the matrix whose columns `byDim` holds, `rows` each) · scale for j = 0…count−1. */
function rowProducts(left: HeadRows, i: number, byDim: HeadRows, count: number, headDim: number, scale: number): Float32Array {
  const out = new Float32Array(count);
  const sums = createChains(out, 0, count);
  const rows = byDim.length / headDim;
  for (let d = 0; d < headDim; d++) sums.step(d, at(left, i * headDim + d), byDim, d * rows);
  sums.end();
  return out.map((sum) => fround(sum * scale));
}
