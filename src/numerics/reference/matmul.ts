import { type Kernels, MatmulMode, type Operands, packedOperandWords } from '../backend.ts';
import { at, bitsOf, CHAIN_BLOCK, chainStart, fromBits } from '../f32.ts';
import { createChains } from './chains.ts';
import { type Memory, operand, operands, transpose } from './memory.ts';

export function matmulKernel(memory: Memory): Pick<Kernels, 'matmul' | 'packOperand' | 'matmulPacked'> {
  const { f32, i32 } = memory;
  const place = packedPlace(memory.operands);
  return {
    matmul(mode, m, n, k, aPtr, bPtr, cPtr, accumulate) {
      const a = mode === MatmulMode.TN ? transpose(operands(memory, aPtr, k, m, m), k, m) : operands(memory, aPtr, m, k, k);
      const b = mode === MatmulMode.NT ? transpose(operands(memory, bPtr, n, k, k), n, k) : operands(memory, bPtr, k, n, n);
      for (let i = 0; i < m; i++) {
        const c = cPtr + i * n;
        for (let j = 0; j < n; j++) f32[c + j] = accumulate ? chainStart(at(f32, c + j)) : 0;
        const row = createChains(f32, c, n);
        for (let p = 0; p < k; p++) row.step(p, at(a, i * k + p), b, p * n);
        row.end();
      }
    },

    packOperand(packed, bPtr, n, k) {
      i32.fill(0, packed, packed + packedOperandWords(n, k, memory.operands));
      for (let j = 0; j < n; j++) {
        for (let p = 0; p < k; p++) {
          const bits = bitsOf(operand(memory, at(f32, bPtr + j * k + p)));
          const { word, shift } = place(k, j, p);
          i32[packed + word] = (i32[packed + word] as number) | (shift === undefined ? bits : (bits >>> 16) << shift);
        }
      }
    },

    matmulPacked(m, n, k, aPtr, packed, cPtr) {
      const a = operands(memory, aPtr, m, k, k);
      const b = new Float32Array(k * n);
      for (let p = 0; p < k; p++) {
        for (let j = 0; j < n; j++) {
          const { word, shift } = place(k, j, p);
          const bits = i32[packed + word] as number;
          b[p * n + j] = fromBits(shift === undefined ? bits : (bits >>> shift) << 16);
        }
      }
      for (let i = 0; i < m; i++) {
        const c = cPtr + i * n;
        f32.fill(0, c, c + n);
        const row = createChains(f32, c, n);
        for (let p = 0; p < k; p++) row.step(p, at(a, i * k + p), b, p * n);
        row.end();
      }
    },
  };
}

/** Where row j, step p of a packed operand lies: panels of 16 rows, whole blocks of steps; of bf16 two steps in a word. */
function packedPlace(
  operands: Operands,
): (k: number, j: number, p: number) => { readonly word: number; readonly shift: number | undefined } {
  const steps = operands === 'bf16' ? 2 : 1;
  return (k, j, p) => {
    const panelWords = (16 * Math.ceil(k / CHAIN_BLOCK) * CHAIN_BLOCK) / steps;
    const word = Math.floor(j / 16) * panelWords + Math.floor(p / steps) * 16 + (j % 16);
    return { word, shift: operands === 'bf16' ? 16 * (p % 2) : undefined };
  };
}
