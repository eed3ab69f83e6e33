import { createArena } from './arena.ts';
import type { Backend } from './backend.ts';
import { ARGUMENT_SLOTS, compiledKernels } from './compiled-kernels.ts';
import { numericsError } from './errors.ts';
import { type WasmModule, webAssembly } from './webassembly.ts';

const PAGE_BYTES = 65536;
/** For the module's own stack and data, which end at __heap_base. */
const MODULE_BYTES = 2 * PAGE_BYTES;
/** Address space for packed blocks and attention scores; a system commits only the pages that are used. */
const SCRATCH_BYTES = 64 * 1024 * 1024;
const ARENA_BASE = MODULE_BYTES + SCRATCH_BYTES;
/** Addresses of 32 bits: 4 GiB in all, less the last page, so that the end of an operand is an address too. */
const ARENA_MAX_BYTES = 2 ** 32 - PAGE_BYTES - ARENA_BASE;

interface WasmExports {
  readonly __heap_base: { readonly value: number };
  /** Returns the address of the arguments. */
  initialize(scratch: number, scratchBytes: number, words: number): number;
  run(kernel: number): number;
}

/** Modules in kernels/ by backend: SIMD128 alone, and with the multiply-add of relaxed SIMD, which some engines do not have. */
export const WASM_KERNELS = { 'wasm-relaxed': 'pol-kernels-relaxed.wasm', wasm: 'pol-kernels.wasm' } as const;
export type WasmBackendName = keyof typeof WASM_KERNELS;

/**
 * A WebAssembly backend: one thread; runs in Node and browsers alike. Every arena is an instance of its own.
 * @param module what WASM_KERNELS has for `name`, compiled
 */
export function createWasmBackend(module: WasmModule, name: WasmBackendName): Backend {
  return {
    name,
    threads: 1,
    operands: 'bf16',
    createArena(words) {
      if (words * 4 > ARENA_MAX_BYTES) {
        throw numericsError(
          'NUMERICS_OUT_OF_MEMORY',
          `WebAssembly has 32-bit addresses, and ${words * 4} bytes are more than its ${ARENA_MAX_BYTES}; use a native backend (node scripts/build-native.mjs), checkpointing, or a smaller model or micro-batch`,
        );
      }
      return createArena(words, 'bf16', () => {
        const memory = new webAssembly.Memory({ initial: Math.ceil((ARENA_BASE + words * 4) / PAGE_BYTES) });
        const exports = new webAssembly.Instance(module, { env: { memory } }).exports as unknown as WasmExports;
        if (exports.__heap_base.value > MODULE_BYTES) throw new RangeError('the module does not fit below its scratch memory');
        const slots = new Float64Array(memory.buffer, exports.initialize(MODULE_BYTES, SCRATCH_BYTES, ARENA_BASE), ARGUMENT_SLOTS);
        const kernels = compiledKernels(slots, (kernel) => exports.run(kernel));
        return { buffer: memory.buffer, byteOffset: ARENA_BASE, kernels, release: () => {} };
      });
    },
  };
}
