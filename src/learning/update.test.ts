import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import { decodeUpdate, encodeUpdate, quantiseUpdate, UPDATE_BLOCK_VALUES, updateByteLength, updateNorm } from './update.ts';

const SCALES_AT = 16;
const refused = expect.objectContaining({ code: 'LEARNING_UPDATE_INVALID' });

/** Differences of all sizes that the exact range allows, with zeros, ties and denormals among them. */
const difference = fc.oneof(
  fc.float({ noNaN: true, min: -(2 ** 49), max: 2 ** 49 }),
  fc.constantFrom(0, -0, 1, -1, 127, -127, 63.5, 0.5, 2 ** -149, 2 ** -126, -(2 ** -120)),
  fc.float({ noNaN: true, min: Math.fround(-1e-3), max: Math.fround(1e-3) }),
);
const vector = fc.array(difference, { minLength: 1, maxLength: 300 }).map((values) => Float32Array.from(values));
const quantise = (values: Float32Array) => quantiseUpdate(values, new Float32Array(values.length));

describe('update', () => {
  it('is within half a step of what was moved', () => {
    fc.assert(
      fc.property(vector, (values) => {
        const update = quantise(values);
        values.forEach((value, i) => {
          const scale = update.scales[Math.floor(i / UPDATE_BLOCK_VALUES)] as number;
          const error = Math.abs(scale * (update.values[i] as number) - value);
          expect(error).toBeLessThanOrEqual(scale === 0 ? 127 * 2 ** -126 : scale * 0.5001);
        });
      }),
    );
  });

  it('rounds ties to even', () => {
    expect([...quantise(Float32Array.of(127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5)).values]).toEqual([127, 0, 2, 2, 0, -2, -2]);
  });

  it('encodes and decodes without loss, aligned or not', () => {
    fc.assert(
      fc.property(vector, fc.nat({ max: 3 }), (values, shift) => {
        const update = quantise(values);
        const bytes = encodeUpdate(update);
        expect(bytes.length).toBe(updateByteLength(values.length));
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        const decoded = decodeUpdate(moved.subarray(shift), values.length);
        expect([...decoded.scales]).toEqual([...update.scales]);
        expect([...decoded.values]).toEqual([...update.values]);
      }),
    );
  });

  it('decodes from its canonical bytes only', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        vector,
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff))), { maxLength: 4 }),
        (values, edits) => {
          const bytes = encodeUpdate(quantise(values));
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          let decoded: ReturnType<typeof decodeUpdate>;
          try {
            decoded = decodeUpdate(bytes, values.length);
          } catch (error) {
            expect(error).toEqual(refused);
            return;
          }
          accepted++;
          expect(encodeUpdate(decoded)).toEqual(bytes);
          expect(decoded.values).not.toContain(-128);
          expect(Number.isFinite(updateNorm(decoded))).toBe(true);
          decoded.scales.forEach((scale, block) => {
            const part = decoded.values.subarray(block * UPDATE_BLOCK_VALUES, (block + 1) * UPDATE_BLOCK_VALUES);
            const largest = part.reduce((most, level) => Math.max(most, Math.abs(level)), 0);
            expect(Object.is(scale, -0)).toBe(false);
            expect(largest).toBe(scale === 0 ? 0 : 127);
          });
        },
      ),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('refuses random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 200 }), (bytes) => {
        expect(() => decodeUpdate(bytes, 100)).toThrow(refused);
      }),
    );
  });

  it.each([
    ['a negative zero scale', -0],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a negative scale', -1],
    ['a denormal scale', 2 ** -127],
    ['a scale beyond the exact range', 2 ** 46],
  ])('refuses %s', (_, scale) => {
    const bytes = encodeUpdate(quantise(Float32Array.of(1, 2)));
    new DataView(bytes.buffer).setFloat32(SCALES_AT, scale, true);
    expect(() => decodeUpdate(bytes, 2)).toThrow(refused);
  });

  it('refuses what another encoding of the same values would look like', () => {
    const bytes = encodeUpdate(quantise(Float32Array.of(1, 0)));
    const value = SCALES_AT + 4;
    const change = (at: number, byte: number) => {
      const changed = bytes.slice();
      changed[at] = byte;
      return changed;
    };
    expect(() => decodeUpdate(bytes, 2)).not.toThrow();
    expect(() => decodeUpdate(change(value, 0x80), 2)).toThrow(refused);
    expect(() => decodeUpdate(change(value, 64), 2)).toThrow(refused);
    expect(() => decodeUpdate(change(0, 1), 2)).toThrow(refused);
    expect(() => decodeUpdate(change(7, 2), 2)).toThrow(refused);
    expect(() => decodeUpdate(change(15, 3), 2)).toThrow(refused);
    expect(() => decodeUpdate(bytes, 3)).toThrow(refused);
    expect(() => decodeUpdate(bytes.subarray(1), 2)).toThrow(refused);
    const zeroScale = bytes.slice();
    new DataView(zeroScale.buffer).setFloat32(SCALES_AT, 0, true);
    expect(() => decodeUpdate(zeroScale, 2)).toThrow(refused);
  });

  it('refuses weights that left the exact range', () => {
    for (const end of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53]) {
      expect(() => quantiseUpdate(Float32Array.of(0, 1, 2), Float32Array.of(0, end, 2))).toThrow(refused);
    }
    expect(() => quantiseUpdate(new Float32Array(2), new Float32Array(3))).toThrow(refused);
  });

  it('has the norm of its values', () => {
    fc.assert(
      fc.property(vector, (values) => {
        const update = quantise(values);
        const exact = Math.hypot(
          ...[...update.values].map((level, i) => level * (update.scales[Math.floor(i / UPDATE_BLOCK_VALUES)] as number)),
        );
        expect(updateNorm(update)).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
        expect(updateNorm(update)).toBeLessThanOrEqual(exact * (1 + 1e-12));
      }),
    );
  });

  it('keeps its bytes', () => {
    const start = Float32Array.from({ length: 300 }, (_, i) => Math.fround(((i * 7919) % 1013) / 1013 - 0.5));
    const end = Float32Array.from({ length: 300 }, (_, i) => Math.fround(((i * 104729) % 997) / 997 - 0.5));
    expect(toHex(sha256(encodeUpdate(quantiseUpdate(start, end))))).toMatchInlineSnapshot(
      `"0x09b6699ae54c9d1270cf5b7e2617e2f88347af45a9a5d7326b3db8c45de61524"`,
    );
  });
});
