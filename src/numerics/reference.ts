import { createArena } from './arena.ts';
import type { Backend, Operands } from './backend.ts';
import { attentionKernels } from './reference/attention.ts';
import { elementwiseKernels } from './reference/elementwise.ts';
import { matmulKernel } from './reference/matmul.ts';
import { createMemory } from './reference/memory.ts';
import { rowKernels } from './reference/rows.ts';

/**
 * The normative backend: plain scalar JavaScript, `Math.fround` after each operation. Slow and clear; every other backend must equal it
 * bit for bit, and only it may justify calling a proof fraudulent.
 */
export function createReferenceBackend(operands: Operands = 'bf16'): Backend {
  return {
    name: operands === 'bf16' ? 'reference' : 'reference_f32',
    threads: 1,
    operands,
    createArena(words) {
      return createArena(words, operands, () => {
        const memory = createMemory(words, operands);
        return {
          buffer: memory.f32.buffer,
          byteOffset: 0,
          kernels: {
            ...matmulKernel(memory),
            ...elementwiseKernels(memory),
            ...rowKernels(memory),
            ...attentionKernels(memory),
            byRows: (_rows, calls) => calls(),
            together: (calls) => calls(),
          },
          release: () => {},
        };
      });
    },
  };
}
