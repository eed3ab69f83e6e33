import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bf16, bitsOf, chainStart, fromBits, fround, lanes } from './f32.ts';

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });

describe('bf16', () => {
  it('rounds to the nearest value of 8 significant bits, ties to even', () => {
    expect(bf16(1 + 2 ** -8)).toBe(1);
    expect(bf16(1 + 3 * 2 ** -8)).toBe(1 + 2 ** -6);
    expect(bf16(1 + 2 ** -8 + 2 ** -23)).toBe(1 + 2 ** -7);
    expect(bf16(-(2 - 2 ** -23))).toBe(-2);
  });

  it('is bounded: below 2^-56 +0, above 2^50 refused, both bounds included', () => {
    expect(bf16(2 ** -56)).toBe(2 ** -56);
    expect(bf16(fromBits(bitsOf(2 ** -56) - 1))).toBe(0);
    expect(Object.is(bf16(-0), 0)).toBe(true);
    expect(bf16(-(2 ** 50))).toBe(-(2 ** 50));
    expect(bf16(fromBits(bitsOf(2 ** 50) + 1))).toBeNull();
    expect(bf16(Number.NaN)).toBeNull();
    expect(bf16(Number.NEGATIVE_INFINITY)).toBeNull();
  });

  it('errs by at most half a unit of its last place, and is idempotent', () => {
    fc.assert(
      fc.property(float32, (x) => {
        const y = bf16(x);
        if (y === null || y === 0) return;
        expect(Math.abs(y - x)).toBeLessThanOrEqual(Math.abs(x) * 2 ** -8);
        expect(bf16(y)).toBe(y);
      }),
    );
  });

  it('makes products exact in f32', () => {
    fc.assert(
      fc.property(float32, float32, (x, y) => {
        const product = (bf16(x) ?? 0) * (bf16(y) ?? 0);
        expect(fround(product)).toBe(product);
      }),
    );
  });
});

describe('chainStart', () => {
  it('gives a multiple of 2^-126, keeps what is one, and never a denormal or −0', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 25), max: 2 ** 25 }), fc.integer({ min: 0, max: 0x7fffffff }), (multiple, bits) => {
        const onGrid = fround(multiple * 2 ** -126);
        expect(chainStart(onGrid)).toBe(onGrid === 0 ? 0 : onGrid);
        const small = fromBits(bits % bitsOf(2 ** -100));
        const start = chainStart(small);
        expect((start / 2 ** -126) % 1).toBe(0);
        expect(Math.abs(start - small)).toBeLessThanOrEqual(2 ** -127);
      }),
    );
    expect(Object.is(chainStart(-0), 0)).toBe(true);
  });
});

describe('lanes', () => {
  it('adds in 16 lanes and combines them as a tree, not as a chain', () => {
    const values = [2 ** 24, ...Array<number>(15).fill(0), 1, 1];
    const at = (i: number) => values[i] as number;
    // Lane 0 holds 2^24 + 1, which rounds back; lane 1 holds 1: a chain would lose both ones, exact addition neither.
    expect(lanes(18, at)).toBe(fround(2 ** 24 + 1));
    expect(lanes(0, at)).toBe(0);
    const tree = [1, 0, 0, 0, 0, 0, 0, 0, 2 ** 24, 0, 0, 0, 1, 0, 0, 0];
    // l0 + l8 loses the 1; l4 + l12 keeps it, and it is lost when 4 joins 0.
    expect(lanes(16, (i) => tree[i] as number)).toBe(2 ** 24);
  });
});
