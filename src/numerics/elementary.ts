import { bitsOf, fromBits, fround } from './f32.ts';

/**
 * exp, log and sigmoid of the canonical arithmetic. Every backend performs exactly these operations in this order, each rounded to f32
 * and none contracted; kernels/elementary.h mirrors this file line by line. Polynomials are those of Cephes (S. L. Moshier, expf.c, logf.c).
 */

/** Below it exp is +0 and no result is denormal; above 88 it is +Infinity (callers only ever pass x ≤ 0). */
export const EXP_MIN = -87;
export const EXP_MAX = 88;

const LOG2E = 1.4426950216293335;
/** 1.5·2^23: adding it rounds to an integer, which then stands in the low bits. */
const ROUND = 12582912;
const ROUND_BITS = 0x4b400000;
/** ln 2 in two parts: n·LN2_HIGH is exact for every exponent. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444170128554;

const EXP_5 = 0.00019875691214110702;
const EXP_4 = 0.001398199936375022;
const EXP_3 = 0.008333452045917511;
const EXP_2 = 0.04166579619050026;
const EXP_1 = 0.1666666567325592;
const EXP_0 = 0.5;

/**
 * e^x, error below 1.2 units in the last place on [−87, 88].
 *   t = x·LOG2E + ROUND;  n = t − ROUND;  r = (x − n·LN2_HIGH) − n·LN2_LOW
 *   p = ((((EXP_5·r + EXP_4)·r + EXP_3)·r + EXP_2)·r + EXP_1)·r + EXP_0
 *   y = (p·(r·r) + r) + 1;  result = y · 2^n, the power made from t's low bits
 */
export function exp(x: number): number {
  if (x < EXP_MIN) return 0;
  if (x > EXP_MAX) return Number.POSITIVE_INFINITY;
  const t = fround(fround(x * LOG2E) + ROUND);
  const n = fround(t - ROUND);
  let r = fround(x - fround(n * LN2_HIGH));
  r = fround(r - fround(n * LN2_LOW));
  let p = EXP_5;
  p = fround(fround(p * r) + EXP_4);
  p = fround(fround(p * r) + EXP_3);
  p = fround(fround(p * r) + EXP_2);
  p = fround(fround(p * r) + EXP_1);
  p = fround(fround(p * r) + EXP_0);
  let y = fround(p * fround(r * r));
  y = fround(y + r);
  y = fround(y + 1);
  return fround(y * fromBits((bitsOf(t) - ROUND_BITS + 127) << 23));
}

/**
 * 1 / (1 + e^−x), error below 2.5 units in the last place for x ≥ −87; +0 below.
 *   e = exp(−|x|);  result = (x < 0 ? e : 1) / (1 + e)
 */
export function sigmoid(x: number): number {
  const e = exp(-Math.abs(x));
  return fround((x < 0 ? e : 1) / fround(1 + e));
}

const SQRT_HALF_BITS = 0x3f3504f3;
const SMALLEST_NORMAL = 2 ** -126;

const LOG_8 = 0.07037683576345444;
const LOG_7 = -0.11514610052108765;
const LOG_6 = 0.11676998436450958;
const LOG_5 = -0.12420140951871872;
const LOG_4 = 0.14249323308467865;
const LOG_3 = -0.16668057441711426;
const LOG_2 = 0.2000071406364441;
const LOG_1 = -0.24999994039535522;
const LOG_0 = 0.3333333134651184;

/**
 * Natural logarithm, error below 1 unit in the last place outside [0.9, 1.1] and below 1e-7 inside, for normal x.
 * Denormals and 0 give −Infinity, negatives and NaN give NaN, +Infinity itself.
 *   n, f: x = 2^n · (1 + f) with √½ ≤ 1 + f < √2 (bits);  z = f·f
 *   p = (…((LOG_8·f + LOG_7)·f + LOG_6)…)·f + LOG_0;  y = (p·f)·z
 *   y = y + n·LN2_LOW;  y = y − 0.5·z;  result = (f + y) + n·LN2_HIGH
 */
export function log(x: number): number {
  if (!(x >= 0)) return Number.NaN;
  if (x < SMALLEST_NORMAL) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  const shifted = bitsOf(x) - SQRT_HALF_BITS;
  const n = shifted >> 23;
  const f = fround(fromBits((shifted & 0x007fffff) + SQRT_HALF_BITS) - 1);
  const z = fround(f * f);
  let p = LOG_8;
  p = fround(fround(p * f) + LOG_7);
  p = fround(fround(p * f) + LOG_6);
  p = fround(fround(p * f) + LOG_5);
  p = fround(fround(p * f) + LOG_4);
  p = fround(fround(p * f) + LOG_3);
  p = fround(fround(p * f) + LOG_2);
  p = fround(fround(p * f) + LOG_1);
  p = fround(fround(p * f) + LOG_0);
  let y = fround(fround(p * f) * z);
  y = fround(y + fround(n * LN2_LOW));
  y = fround(y - fround(0.5 * z));
  return fround(fround(f + y) + fround(n * LN2_HIGH));
}
