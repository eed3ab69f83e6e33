import type { Arena, Backend } from '../backend.ts';
import { numericsError } from '../errors.ts';
import { bitsOf } from '../f32.ts';
import { type KernelCase, selfTestCases } from './cases.ts';
import { GOLDEN } from './golden.ts';

/**
 * Fingerprint of everything a case leaves behind: all its words, the number returned, the divergence flags. FNV-1a over words in two keys,
 * 64 bits, each step folded so that sign bits cannot cancel; every step is a bijection, so that one changed word always shows.
 * The arena must hold at least the case's words.
 */
export function fingerprint(arena: Arena, kernelCase: KernelCase): string {
  arena.i32(0, kernelCase.words).fill(0);
  const result = kernelCase.run(arena);
  const flags = arena.kernels.takeDivergence();
  let low = 0x811c9dc5;
  let high = 0x6b43a9b5;
  const mix = (word: number) => {
    low = Math.imul(low ^ word, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0x85ebca6b);
    high ^= high >>> 13;
  };
  for (const word of arena.i32(0, kernelCase.words)) mix(word);
  mix(bitsOf(result));
  mix(flags);
  return hex32(high) + hex32(low);
}

/**
 * Runs every kernel on fixed inputs and compares all outputs with those of the reference; takes some tens of milliseconds.
 * @throws NUMERICS_SELF_TEST_FAILED naming the first case of which one bit differs
 */
export function selfTest(backend: Backend): void {
  const cases = selfTestCases();
  const arena = backend.createArena(Math.max(...cases.map(({ words }) => words)));
  try {
    for (const kernelCase of cases) {
      const found = fingerprint(arena, kernelCase);
      const expected = GOLDEN[backend.operands][kernelCase.name];
      if (found !== expected) {
        throw numericsError(
          'NUMERICS_SELF_TEST_FAILED',
          `${backend.name} computes other bits than the reference in "${kernelCase.name}" (${found}, not ${expected}); use another backend`,
          { data: { backend: backend.name, case: kernelCase.name } },
        );
      }
    }
  } finally {
    arena.release();
  }
}

function hex32(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
