import { uint64BE } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';

const DRAW_BITS = 48;
const DRAW_BYTES = DRAW_BITS / 8;
const DRAWS_PER_HASH = 5;

/** Uniform integers from a seed. */
export interface KeyedDraw {
  /** Uniform in 0 … bound−1, for bounds up to 2^48. */
  below(bound: number): number;
  /** The first `count` of a uniformly drawn order of `items` (Fisher and Yates; Durstenfeld, 1964). */
  sample<T>(items: readonly T[], count: number): readonly T[];
}

/** A hash in counter mode. Values past the last whole multiple of the bound are drawn again: no value is likelier than another. */
export function keyedDraw(domain: string, seed: Hash): KeyedDraw {
  let counter = 0;
  let block: Buffer | undefined;
  function next(): number {
    const at = counter % DRAWS_PER_HASH;
    if (block === undefined || at === 0) block = Buffer.from(taggedHash(domain, seed, uint64BE(Math.floor(counter / DRAWS_PER_HASH))));
    counter++;
    return block.readUIntBE(at * DRAW_BYTES, DRAW_BYTES);
  }
  function below(bound: number): number {
    const limit = 2 ** DRAW_BITS - (2 ** DRAW_BITS % bound);
    for (;;) {
      const value = next();
      if (value < limit) return value % bound;
    }
  }
  return {
    below,
    sample<T>(items: readonly T[], count: number) {
      const order = [...items];
      for (let i = 0; i < count; i++) {
        const j = i + below(order.length - i);
        const chosen = order[j] as T;
        order[j] = order[i] as T;
        order[i] = chosen;
      }
      return order.slice(0, count);
    },
  };
}
