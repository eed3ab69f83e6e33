import { type Kernels, MatmulMode } from '../backend.ts';
import { at, chainStart, fround } from '../f32.ts';
import { type Memory, operands, transpose } from './memory.ts';

export function matmulKernel(memory: Memory): Pick<Kernels, 'matmul'> {
  const { f32 } = memory;
  return {
    matmul(mode, m, n, k, aPtr, bPtr, cPtr, accumulate) {
      const a = mode === MatmulMode.TN ? transpose(operands(memory, aPtr, k, m, m), k, m) : operands(memory, aPtr, m, k, k);
      const b = mode === MatmulMode.NT ? transpose(operands(memory, bPtr, n, k, k), n, k) : operands(memory, bPtr, k, n, n);
      for (let i = 0; i < m; i++) {
        const c = cPtr + i * n;
        for (let j = 0; j < n; j++) f32[c + j] = accumulate ? chainStart(at(f32, c + j)) : 0;
        for (let p = 0; p < k; p++) {
          const x = at(a, i * k + p);
          for (let j = 0; j < n; j++) f32[c + j] = fround(at(f32, c + j) + fround(x * at(b, p * n + j)));
        }
      }
    },
  };
}
