import { utf8 } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';

/** Repeatable randomness: the same seed gives the same values on every machine. Not for secrets. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** In [0, count). */
  integer(count: number): number;
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  shuffle<T>(list: readonly T[]): T[];
  /** An independent source: what one part of a simulation draws does not move what another gets. */
  fork(label: string): Random;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded by SHA-256 of the text. */
export function createRandom(seed: string): Random {
  const view = new DataView(sha256(utf8(seed)).buffer);
  let [a, b, c, counter] = [view.getInt32(0), view.getInt32(4), view.getInt32(8), 1];
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  const integer = (count: number) => Math.floor(next() * count);
  return {
    next,
    integer,
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick(list) {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      return list[integer(list.length)] as (typeof list)[number];
    },
    shuffle(list) {
      const out = [...list];
      for (let i = out.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        [out[i], out[j]] = [out[j] as (typeof list)[number], out[i] as (typeof list)[number]];
      }
      return out;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}
