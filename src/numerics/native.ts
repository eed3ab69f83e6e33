import { createRequire } from 'node:module';
import { createArena } from './arena.ts';
import type { Backend, BackendName, ChunkHasher, Operands } from './backend.ts';
import { ARGUMENT_SLOTS, compiledKernels } from './compiled-kernels.ts';
import { numericsError } from './errors.ts';

/** Most bytes before the words in an arena's buffer: a page for arguments, then up to the next page (kernels/addon.c). */
const HEADER_BYTES = 2 * 4096;

const HASH_BYTES = 32;

/** What kernels/addon.c exports. */
export interface NativeAddon {
  variants(): readonly string[];
  createPool(threads: number): object;
  createArena(pool: object, buffer: ArrayBuffer, variant: string): { readonly byteOffset: number; readonly handle: object };
  run(handle: object, kernel: number): number;
  releaseArena(handle: object): void;
  canHash(): boolean;
  hashChunks(pool: object, prefix: Uint8Array, vector: Float32Array, chunkBytes: number, out: Uint8Array): void;
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
  const operands: Operands = isF32Variant(variant) ? 'f32' : 'bf16';
  return {
    name,
    threads,
    operands,
    ...(addon.canHash() ? { hashChunks: chunkHasher(addon, pool) } : {}),
    createArena(words) {
      return createArena(words, operands, () => {
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

/** Whether a variant leaves operands unrounded. */
export function isF32Variant(variant: string): boolean {
  return variant.endsWith('_f32');
}

function chunkHasher(addon: NativeAddon, pool: object): ChunkHasher {
  return (prefix, vector, chunkBytes) => {
    if (prefix.length !== HASH_BYTES || !Number.isInteger(chunkBytes) || chunkBytes < HASH_BYTES || chunkBytes % 4 !== 0) {
      throw numericsError('NUMERICS_BAD_ARGUMENT', `hashChunks: a prefix of ${prefix.length} bytes and chunks of ${chunkBytes}`);
    }
    const out = new Uint8Array(Math.ceil(vector.byteLength / chunkBytes) * HASH_BYTES);
    if (vector.length > 0) addon.hashChunks(pool, prefix, vector, chunkBytes, out);
    return out;
  };
}
