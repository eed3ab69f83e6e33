import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeValues, encodedBytes, encodeValues, halfToNumber, numberToHalf, type TensorType } from './encoding.ts';

function roundTrip(type: TensorType, values: readonly number[]): number[] {
  const bytes = encodeValues(type, Float32Array.from(values));
  expect(bytes).toHaveLength(encodedBytes(type, values.length));
  const out = new Float32Array(values.length);
  decodeValues(type, bytes, out);
  return [...out];
}

describe('encodings of tensors', () => {
  it('f32 keeps every bit, f16 and bf16 every value they have', () => {
    const halves = Array.from({ length: 0x7c00 }, (_, half) => halfToNumber(half));
    expect(roundTrip('f16', halves)).toEqual(halves);
    expect(halves.map(numberToHalf)).toEqual(halves.map((_, half) => half));
    expect(roundTrip('f32', [-0, 1e-45, 3.4e38])).toEqual([-0, Math.fround(1e-45), Math.fround(3.4e38)]);
    expect(roundTrip('bf16', [1, -0.5, 1.0078125])).toEqual([1, -0.5, 1.0078125]);
  });

  it('rounds to nearest, ties to even', () => {
    // 1 + 2^-11 lies between 1 and 1 + 2^-10; 1 + 3·2^-11 between 1 + 2^-10 and 1 + 2^-9.
    expect(roundTrip('f16', [1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, 2 ** -25, 3 * 2 ** -25])).toEqual([
      1,
      1 + 2 ** -9,
      1 + 2 ** -10,
      0,
      2 ** -23,
    ]);
    expect(roundTrip('bf16', [1 + 2 ** -8, 1 + 3 * 2 ** -8])).toEqual([1, 1 + 2 ** -6]);
  });

  it('f16 is within half a unit of the last place', () => {
    fc.assert(
      fc.property(fc.float({ min: -65_500, max: 65_500, noNaN: true }), (value) => {
        const [half = 0] = roundTrip('f16', [value]);
        const unit = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.max(Math.abs(value), 2 ** -14))) - 10));
        return Math.abs(half - value) <= unit / 2;
      }),
    );
  });

  it('q8_0 is within half a step of its block', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 32, maxLength: 32 }), (values) => {
        const largest = Math.max(...values.map(Math.abs));
        // Half a step for the quotient, and what the scale lost as f16.
        const bound = (largest / 127) * 0.5 + largest * 2 ** -10 + 2 ** -17;
        return roundTrip('q8_0', values).every((value, i) => Math.abs(value - (values[i] as number)) <= bound);
      }),
    );
  });

  it('refuses what a type cannot hold, instead of writing infinity', () => {
    expect(() => encodeValues('f16', Float32Array.of(70_000))).toThrow(expect.objectContaining({ code: 'FORMAT_UNSUPPORTED' }));
    expect(() => encodeValues('bf16', Float32Array.of(3.4028235e38))).toThrow(expect.objectContaining({ code: 'FORMAT_UNSUPPORTED' }));
  });
});
