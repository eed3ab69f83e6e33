import { createRequire } from 'node:module';
import { createArena } from './arena.ts';
import type { Backend, BackendName } from './backend.ts';
import { ARGUMENT_SLOTS, compiledKernels } from './compiled-kernels.ts';
import { numericsError } from './errors.ts';

/** Bytes before the words in an arena's buffer; the arguments stand at its start (kernels/addon.c). */
const HEADER_BYTES = 4096;

/** What kernels/addon.c exports. */
export interface NativeAddon {
  variants(): readonly string[];
  createPool(threads: number): object;
  createArena(pool: object, words: number, variant: string): { readonly buffer: ArrayBuffer; readonly handle: object };
  run(handle: object, kernel: number): number;
  releaseArena(handle: object): void;
}

/**
 * Loads the addon.
 * @throws NUMERICS_BACKEND_UNAVAILABLE when the file does not load here
 */
export function loadNativeAddon(file: string): NativeAddon {
  try {
    return createRequire(import.meta.url)(file) as NativeAddon;
  } catch (cause) {
    throw numericsError('NUMERICS_BACKEND_UNAVAILABLE', `${file} does not load; rebuild it with node scripts/build-native.mjs --force`, {
      cause,
    });
  }
}

/** A backend of one instruction set, e.g. "avx2", with a pool of its own (`threads` in all, the calling one included). */
export function createNativeBackend(addon: NativeAddon, variant: string, threads: number): Backend {
  const name: BackendName = `native-${variant}`;
  if (!addon.variants().includes(variant)) {
    throw numericsError('NUMERICS_BACKEND_UNAVAILABLE', `${name} cannot run on this processor, or its compiler could not build it`);
  }
  const pool = addon.createPool(threads);
  return {
    name,
    threads,
    createArena(words) {
      return createArena(words, () => {
        const { buffer, handle } = addon.createArena(pool, words, variant);
        return {
          buffer,
          byteOffset: HEADER_BYTES,
          kernels: compiledKernels(new Float64Array(buffer, 0, ARGUMENT_SLOTS), (kernel) => addon.run(handle, kernel)),
          release: () => addon.releaseArena(handle),
        };
      });
    },
  };
}
