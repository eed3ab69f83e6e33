import { createRequire } from 'node:module';
import { createArena } from './arena.ts';
import type { Backend, BackendName } from './backend.ts';
import { ARGUMENT_SLOTS, compiledKernels } from './compiled-kernels.ts';
import { numericsError } from './errors.ts';

/** Most bytes before the words in an arena's buffer: arguments, then up to the next page (kernels/addon.c). */
const HEADER_BYTES = 2 * 4096;

/** What kernels/addon.c exports. */
export interface NativeAddon {
  variants(): readonly string[];
  createPool(threads: number): object;
  createArena(pool: object, buffer: ArrayBuffer, variant: string): { readonly byteOffset: number; readonly handle: object };
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
        const buffer = new ArrayBuffer(HEADER_BYTES + words * 4);
        const { byteOffset, handle } = addon.createArena(pool, buffer, variant);
        return {
          buffer,
          byteOffset,
          kernels: compiledKernels(new Float64Array(buffer, 0, ARGUMENT_SLOTS), (kernel) => addon.run(handle, kernel)),
          release: () => addon.releaseArena(handle),
        };
      });
    },
  };
}
