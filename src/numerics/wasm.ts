import { createArena } from './arena.ts';
import type { Backend } from './backend.ts';
import { ARGUMENT_SLOTS, compiledKernels } from './compiled-kernels.ts';
import { type WasmModule, webAssembly } from './webassembly.ts';

const PAGE_BYTES = 65536;
/** Address space for packed blocks and attention scores; a system commits only the pages that are used. */
const SCRATCH_BYTES = 32 * 1024 * 1024;
const ALIGNMENT = 64;

interface WasmExports {
  readonly __heap_base: { readonly value: number };
  /** Returns the address of the arguments. */
  initialize(scratch: number, scratchBytes: number, words: number): number;
  run(kernel: number): number;
}

/**
 * The WebAssembly backend: SIMD128, no relaxed instructions, one thread; runs in Node and browsers alike. Every arena is an instance
 * of its own. The module is kernels/pol-kernels.wasm, compiled.
 */
export function createWasmBackend(module: WasmModule): Backend {
  return {
    name: 'wasm',
    threads: 1,
    createArena(words) {
      return createArena(words, () => {
        const memory = new webAssembly.Memory({ initial: 2 });
        const exports = new webAssembly.Instance(module, { env: { memory } }).exports as unknown as WasmExports;
        const scratch = align(exports.__heap_base.value);
        const arena = scratch + SCRATCH_BYTES;
        memory.grow(Math.max(0, Math.ceil((arena + words * 4) / PAGE_BYTES) - memory.buffer.byteLength / PAGE_BYTES));
        const slots = new Float64Array(memory.buffer, exports.initialize(scratch, SCRATCH_BYTES, arena), ARGUMENT_SLOTS);
        return {
          buffer: memory.buffer,
          byteOffset: arena,
          kernels: compiledKernels(slots, (kernel) => exports.run(kernel)),
          release: () => {},
        };
      });
    },
  };
}

function align(address: number): number {
  return Math.ceil(address / ALIGNMENT) * ALIGNMENT;
}
