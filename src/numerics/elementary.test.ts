import { describe, expect, it, vi } from 'vitest';
import { EXP_MAX, EXP_MIN, exp, log, sigmoid } from './elementary.ts';
import { bitsOf, fromBits } from './f32.ts';

/** EXHAUSTIVE=1 visits every f32 (minutes). A prime step, so that all exponents and low bits are met. */
const STEP = process.env.EXHAUSTIVE ? 1 : 30011;

if (process.env.EXHAUSTIVE) vi.setConfig({ testTimeout: 3_600_000 });

function* positiveFloats(): Generator<number> {
  for (let bits = 0; bits < 0x7f800000; bits += STEP) yield fromBits(bits);
}

/** Distance in units of the last place of the true value, rounded to f32. */
function ulps(found: number, truth: number): number {
  const bits = bitsOf(Math.abs(truth));
  return Math.abs(found - truth) / (fromBits(bits + 1) - fromBits(bits));
}

describe('exp', () => {
  it('errs by less than 1.2 ulp on its domain', () => {
    let worst = 0;
    for (const x of positiveFloats()) {
      if (x <= EXP_MAX) worst = Math.max(worst, ulps(exp(x), Math.exp(x)));
      if (-x >= EXP_MIN) worst = Math.max(worst, ulps(exp(-x), Math.exp(-x)));
    }
    expect(worst).toBeLessThan(1.2);
  });

  it('is exact at 0, +0 below the cut-off, never denormal, +Infinity above', () => {
    expect(exp(0)).toBe(1);
    expect(exp(-0)).toBe(1);
    expect(exp(EXP_MIN)).toBeGreaterThan(2 ** -126);
    expect(exp(fromBits(bitsOf(EXP_MIN) + 1))).toBe(0);
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exp(fromBits(bitsOf(EXP_MAX) + 1))).toBe(Number.POSITIVE_INFINITY);
    expect(exp(Number.NaN)).toBeNaN();
  });
});

describe('sigmoid', () => {
  it('errs by less than 2.5 ulp where it is not cut off', () => {
    let worst = 0;
    for (const x of positiveFloats()) {
      worst = Math.max(worst, ulps(sigmoid(x), 1 / (1 + Math.exp(-x))));
      if (-x >= EXP_MIN) worst = Math.max(worst, ulps(sigmoid(-x), 1 / (1 + Math.exp(x))));
    }
    expect(worst).toBeLessThan(2.5);
  });

  it('is ½ at zero and reaches its limits', () => {
    expect(sigmoid(-0)).toBe(0.5);
    expect(sigmoid(3e38)).toBe(1);
    expect(sigmoid(-3e38)).toBe(0);
  });
});

describe('log', () => {
  it('errs by less than 1 ulp, by less than 1e-7 next to 1', () => {
    let worst = 0;
    let worstNearOne = 0;
    for (const x of positiveFloats()) {
      if (x < 2 ** -126) continue;
      if (x > 0.9 && x < 1.1) worstNearOne = Math.max(worstNearOne, Math.abs(log(x) - Math.log(x)));
      else worst = Math.max(worst, ulps(log(x), Math.log(x)));
    }
    expect(worst).toBeLessThan(1);
    expect(worstNearOne).toBeLessThan(1e-7);
  });

  it('is defined outside its domain', () => {
    expect(log(1)).toBe(0);
    expect(log(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(log(2 ** -127)).toBe(Number.NEGATIVE_INFINITY);
    expect(log(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(log(-1)).toBeNaN();
  });
});
