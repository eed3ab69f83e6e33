/**
 * Single-precision building blocks of the canonical arithmetic, in JavaScript.
 * `Math.fround` after + − · ÷ √ of f32 values gives the IEEE-754 result: f64 carries more than 2·24+2 bits, so rounding twice is harmless.
 */
export const fround = Math.fround;

/** Virtual lanes of a row reduction. */
const LANES = 16;

/** Steps of a product that are summed as two chains, one over the even and one over the odd ones, before both join the result. */
export const CHAIN_BLOCK = 32;

/** Largest magnitude of a matmul operand; the smallest is 2^-56: products are then multiples of 2^-126, and sums never denormal. */
export const OPERAND_MAX = 2 ** 50;
const OPERAND_MAX_BITS = 0x58800000;
const OPERAND_MIN_BITS = 0x23800000;
const INFINITY_BITS = 0x7f800000;
const MAGNITUDE_MASK = 0x7fffffff;

/** Bits of `takeDivergence()`. */
export const Divergence = { OPERAND: 1, ROW: 2, WEIGHT: 4 } as const;

const castF32 = new Float32Array(1);
const castU32 = new Uint32Array(castF32.buffer);

export function bitsOf(x: number): number {
  castF32[0] = x;
  return castU32[0] as number;
}

export function fromBits(bits: number): number {
  castU32[0] = bits;
  return castF32[0] as number;
}

/** An element of a typed array known to be in range. */
export function at(array: Float32Array, index: number): number {
  return array[index] as number;
}

/**
 * Rounds a matmul operand to bf16: to nearest even at 8 significant bits, |x| < 2^-56 to +0.
 * Returns null when |x| > 2^50, Inf or NaN; both bounds look at x before it is rounded.
 */
export function bf16(x: number): number | null {
  const bits = bitsOf(x);
  const magnitude = bits & MAGNITUDE_MASK;
  if (magnitude > OPERAND_MAX_BITS) return null;
  if (magnitude < OPERAND_MIN_BITS) return 0;
  return fromBits((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
}

/** An operand that is not rounded: null when |x| > 2^50, Inf or NaN. */
export function f32Operand(x: number): number | null {
  return Math.abs(x) <= OPERAND_MAX ? x : null;
}

/** Below it f32 is finer than the grid. Added with c's sign, it rounds c to the grid; taken off again, it leaves that multiple. */
const GRID_LIMIT = 2 ** -103;

/**
 * Where an accumulating chain starts: c, with |c| < 2^-103 rounded to a multiple of 2^-126, the grid on which all products lie
 * (−0 becomes +0): (c ± 2^-103) ∓ 2^-103, the sign being c's. Results of chains are on the grid already, so splitting a chain changes
 * nothing; values from elsewhere are put on it, and no sum of a chain is ever denormal or −0. Hardware that flushes denormals, and zeros
 * added as padding, then cannot change a bit.
 */
export function chainStart(c: number): number {
  if (!(Math.abs(c) < GRID_LIMIT)) return c;
  const shift = bitsOf(c) >>> 31 === 1 ? -GRID_LIMIT : GRID_LIMIT;
  return fround(fround(c + shift) - shift);
}

export function isFinite32(x: number): boolean {
  return (bitsOf(x) & MAGNITUDE_MASK) < INFINITY_BITS;
}

const laneSums = new Float32Array(LANES);

/** Sum of f(i) for i = 0…n−1 in the canonical order: 16 lanes from +0, each ascending, then the pairwise tree. f returns f32. */
export function lanes(n: number, f: (i: number) => number): number {
  laneSums.fill(0);
  for (let i = 0; i < n; i++) laneSums[i % LANES] = fround(at(laneSums, i % LANES) + f(i));
  for (let half = LANES / 2; half >= 1; half /= 2) {
    for (let l = 0; l < half; l++) laneSums[l] = fround(at(laneSums, l) + at(laneSums, l + half));
  }
  return at(laneSums, 0);
}
