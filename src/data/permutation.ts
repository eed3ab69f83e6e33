import { type Hash, taggedHash } from '../primitives/hash.ts';
import { dataError } from './errors.ts';

const ROUNDS = 8;
const MOST_ITEMS = 2 ** 32;

/**
 * A keyed permutation of [0, n): a balanced Feistel network of eight rounds over the next even power of two, walked until the value is
 * below n again (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). It needs no memory, so any trainer's sequences can be
 * found from the beacon alone. Integers only.
 * @param seed 32 bytes
 * @throws DATA_RANGE when n is not from 1 to 2^32
 */
export function createPermutation(seed: Hash, n: number): (index: number) => number {
  if (!Number.isInteger(n) || n < 1 || n > MOST_ITEMS) throw dataError('DATA_RANGE', `a permutation of ${n} items: not from 1 to 2^32`);
  const keyBytes = taggedHash('pol/permutation/1', seed);
  const view = new DataView(keyBytes.buffer, keyBytes.byteOffset, keyBytes.byteLength);
  const keys = Uint32Array.from({ length: ROUNDS }, (_, round) => view.getUint32(4 * round, true));
  let halfBits = 1;
  while (4 ** halfBits < n) halfBits++;
  const mask = 2 ** halfBits - 1;

  const encipher = (value: number): number => {
    let left = Math.floor(value / (mask + 1));
    let right = value & mask;
    for (let round = 0; round < ROUNDS; round++) {
      const next = (left ^ mix(right ^ (keys[round] as number))) & mask;
      left = right;
      right = next;
    }
    return left * (mask + 1) + right;
  };

  return (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= n) throw dataError('DATA_RANGE', `index ${index} is not in [0, ${n})`);
    let value = index;
    do value = encipher(value);
    while (value >= n);
    return value;
  };
}

/** Where `index` of [0, n) goes under the permutation that `seed` keys. */
export function permutedIndex(seed: Hash, n: number, index: number): number {
  return createPermutation(seed, n)(index);
}

/** MurmurHash3's 32-bit finalizer (Appleby): every input bit reaches every output bit. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
