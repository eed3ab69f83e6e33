import { fromBits } from '../f32.ts';

/** Seeded 32-bit generator (xorshift with a Weyl sequence, G. Marsaglia 2003): integer operations only. */
export function createBits(seed: number): () => number {
  let x = (seed ^ 0x9e3779b9) >>> 0 || 1;
  let weyl = 0;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    weyl = (weyl + 362437) >>> 0;
    return (x + weyl) >>> 0;
  };
}

/** Random signs and significands with exponents from `low` to `high`: 2^low ≤ |x| < 2^(high+1). */
export function spread(view: Float32Array, seed: number, low: number, high: number): void {
  const bits = createBits(seed);
  for (let i = 0; i < view.length; i++) {
    const exponent = low + (bits() % (high - low + 1)) + 127;
    view[i] = fromBits(((bits() & 0x807fffff) | (exponent << 23)) >>> 0);
  }
}

/** Values at which roundings and cut-offs change: zeros, denormals, both bounds of operands, exact ties, neighbours of 1. */
const EDGES: readonly number[] = [
  0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x80800000, 0x237fffff, 0x23800000, 0x23808000, 0xa3818000, 0x33ffffff,
  0x3f800000, 0xbf800000, 0x3f808000, 0x3f818000, 0x3f807fff, 0x3f808001, 0x3f7fffff, 0x42ae0000, 0xc2ae0000, 0xc2ae0001, 0xc2adffff,
];

/** As `spread`, with about one element in eight replaced by an edge value. */
export function spreadWithEdges(view: Float32Array, seed: number, low: number, high: number): void {
  spread(view, seed, low, high);
  const bits = createBits(seed ^ 0x5bd1e995);
  for (let i = 0; i < view.length; i++) {
    const choice = bits();
    if (choice % 8 === 0) view[i] = fromBits(EDGES[(choice >>> 3) % EDGES.length] as number);
  }
}

/** Integers from 0 to limit−1. */
export function indices(view: Int32Array, seed: number, limit: number): void {
  const bits = createBits(seed);
  for (let i = 0; i < view.length; i++) view[i] = bits() % limit;
}
