import type { Arena, Kernels, Operands } from './backend.ts';
import { numericsError } from './errors.ts';
import { guardKernels } from './guard.ts';

/** Largest arena in words (4 TiB): any byte offset is an exact number, in JavaScript and in the kernels' f64 arguments. */
const ARENA_MAX_WORDS = 2 ** 40;

/** What a backend provides for one arena; `createArena` adds the checks they share. */
export interface ArenaMemory {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly kernels: Kernels;
  release(): void;
}

/**
 * Wraps a backend's memory as an `Arena`: sizes and operands are checked before any kernel sees them.
 * @throws NUMERICS_BAD_ARGUMENT for a size that is not a whole number of words in range; NUMERICS_OUT_OF_MEMORY
 */
export function createArena(words: number, operands: Operands, reserve: () => ArenaMemory): Arena {
  if (!Number.isInteger(words) || words < 1 || words > ARENA_MAX_WORDS) {
    throw numericsError('NUMERICS_BAD_ARGUMENT', `arena words must be a whole number from 1 to ${ARENA_MAX_WORDS}, got ${words}`);
  }
  const memory = reserveMemory(words, reserve);
  let released = false;
  const view = (ptr: number, length: number): void => {
    if (released) throw numericsError('NUMERICS_RELEASED', 'the arena was released; create a new one');
    if (!(Number.isInteger(ptr) && Number.isInteger(length) && ptr >= 0 && length >= 0 && ptr + length <= words)) {
      throw numericsError('NUMERICS_OUT_OF_ARENA', `view [${ptr}, ${ptr + length}) is outside the arena of ${words} words`);
    }
  };
  // Views are made for each use: one typed array has at most 2^32 elements in V8, an ArrayBuffer has more bytes than there is memory.
  const i32 = (ptr: number, length: number): Int32Array => {
    view(ptr, length);
    return new Int32Array(memory.buffer as ArrayBuffer, memory.byteOffset + ptr * 4, length);
  };
  return {
    words,
    kernels: guardKernels(memory.kernels, { words, operands, i32, isReleased: () => released }),
    f32(ptr, length) {
      view(ptr, length);
      return new Float32Array(memory.buffer as ArrayBuffer, memory.byteOffset + ptr * 4, length);
    },
    i32,
    release() {
      if (released) return;
      released = true;
      memory.release();
    },
  };
}

function reserveMemory(words: number, reserve: () => ArenaMemory): ArenaMemory {
  try {
    return reserve();
  } catch (cause) {
    throw numericsError('NUMERICS_OUT_OF_MEMORY', `cannot reserve an arena of ${words * 4} bytes; use a smaller batch or model`, { cause });
  }
}
