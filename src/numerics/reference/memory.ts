import type { Operands } from '../backend.ts';
import { at, bf16, Divergence, f32Operand } from '../f32.ts';

/** What the reference kernels work on: one buffer under three views, and the sticky divergence flags. */
export interface Memory {
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  divergence: number;
  /** What counts as operand for a value; null when it is out of range. */
  readonly round: (x: number) => number | null;
  readonly operands: Operands;
}

export function createMemory(words: number, operands: Operands): Memory {
  const buffer = new ArrayBuffer(words * 4);
  const round = operands === 'bf16' ? bf16 : f32Operand;
  return { f32: new Float32Array(buffer), i32: new Int32Array(buffer), divergence: 0, round, operands };
}

/** The operand that one value is; outside the exact range it raises the operand flag and counts as +0. */
export function operand(memory: Memory, x: number): number {
  const rounded = memory.round(x);
  if (rounded !== null) return rounded;
  memory.divergence |= Divergence.OPERAND;
  return 0;
}

/** A rounded copy of matrix [rows, columns] at `ptr`, rows `stride` words apart. */
export function operands(memory: Memory, ptr: number, rows: number, columns: number, stride: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[r * columns + c] = operand(memory, at(memory.f32, ptr + r * stride + c));
  }
  return out;
}

export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = at(matrix, r * columns + c);
  }
  return out;
}
