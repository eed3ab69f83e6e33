import { type Kernels, MatmulMode } from '../backend.ts';
import { at, chainStart } from '../f32.ts';
import { createChains } from './chains.ts';
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
        const row = createChains(f32, c, n);
        for (let p = 0; p < k; p++) row.step(p, at(a, i * k + p), b, p * n);
        row.end();
      }
    },
  };
}
