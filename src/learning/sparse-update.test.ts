import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import {
  accumulateSparse,
  decodeSparseUpdate,
  encodeSparseUpdate,
  largestSparse,
  quantiseSparse,
  SPARSE_BLOCK_VALUES,
  sparseNorm,
  sparseUpdateByteLength,
} from './sparse-update.ts';

const HEADER_BYTES = 80;
const ROOTS = { before: new Uint8Array(32).fill(1), after: new Uint8Array(32).fill(2) };
const refused = expect.objectContaining({ code: 'LEARNING_UPDATE_INVALID' });

const movement = fc.oneof(
  fc.float({ noNaN: true, min: -(2 ** 49), max: 2 ** 49 }),
  fc.constantFrom(0, -0, 1, -1, 7, -7, 3.5, 0.5, 2 ** -149, 2 ** -126, -(2 ** -120)),
  fc.float({ noNaN: true, min: Math.fround(-1e-3), max: Math.fround(1e-3) }),
);
const vector = fc.array(movement, { minLength: 1, maxLength: 120 }).map((values) => Float32Array.from(values));
const groups = fc.constantFrom(2, 4, 16, 64, 4096);

const encodedOf = (values: Float32Array, oneOf: number) =>
  encodeSparseUpdate({ parameters: values.length, oneOf }, quantiseSparse(values.slice(), oneOf), ROOTS);

describe('a sparse update', () => {
  it('holds the largest value of each group, of equal ones the first, and what it leaves out is kept back', () => {
    fc.assert(
      fc.property(vector, groups, (values, oneOf) => {
        const rest = values.slice();
        const { scales, entries } = quantiseSparse(rest, oneOf);
        expect(entries).toHaveLength(Math.ceil(values.length / oneOf));
        const scale = scales[0] as number;
        const chosen = [...entries].map((_, group) => {
          const members = values.subarray(group * oneOf, (group + 1) * oneOf);
          const sizes = [...members].map(Math.abs);
          return group * oneOf + sizes.indexOf(Math.max(...sizes));
        });
        const mean = chosen.reduce((sum, i) => sum + Math.abs(values[i] as number), 0) / chosen.length;
        expect(scale).toBe(mean < 2 ** -126 ? 0 : Math.fround(mean));
        if (scale > 0) expect([...entries].map((entry, group) => group * oneOf + (entry >> 1))).toEqual(chosen);
        values.forEach((value, i) => {
          const sent = scale > 0 && chosen.includes(i) ? (value < 0 ? -scale : scale) : 0;
          expect(Math.abs((rest[i] as number) - Math.fround(value - sent))).toBe(0);
        });
      }),
    );
  });

  it('has a scale of its own for every 8192 values, the last ones fewer', () => {
    const values = new Float32Array(2 * SPARSE_BLOCK_VALUES + 20);
    for (const [at, value] of [
      [3, 512],
      [SPARSE_BLOCK_VALUES, -1024],
      [2 * SPARSE_BLOCK_VALUES + 17, 4],
    ] as const) {
      values[at] = value;
    }
    const { scales, entries } = quantiseSparse(values, 16);
    expect([...scales]).toEqual([1, 2, 2]);
    expect(entries[0]).toBe(6);
    expect(entries[SPARSE_BLOCK_VALUES / 16]).toBe(1);
    expect([...entries.subarray((2 * SPARSE_BLOCK_VALUES) / 16)]).toEqual([0, 2]);
  });

  it('takes less than a hundredth of the bytes of f32 with one of 16 values', () => {
    for (const parameters of [270_000, 1_262_720, 124_000_000]) {
      expect((parameters * 4) / sparseUpdateByteLength({ parameters, oneOf: 16 })).toBeGreaterThan(100);
    }
  });

  it('encodes and decodes without loss, aligned or not', () => {
    fc.assert(
      fc.property(vector, groups, fc.nat({ max: 3 }), (values, oneOf, shift) => {
        const shape = { parameters: values.length, oneOf };
        const update = quantiseSparse(values.slice(), oneOf);
        const bytes = encodeSparseUpdate(shape, update, ROOTS);
        expect(bytes).toHaveLength(sparseUpdateByteLength(shape));
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        expect(decodeSparseUpdate(moved.subarray(shift), shape)).toEqual({ ...update, carried: ROOTS });
      }),
    );
  });

  it('decodes from its canonical bytes only', () => {
    let accepted = 0;
    const edit = fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 0x07, 0x70, 0x80, 0xff)));
    fc.assert(
      fc.property(vector, groups, fc.array(edit, { maxLength: 3 }), (values, oneOf, edits) => {
        const shape = { parameters: values.length, oneOf };
        const bytes = encodedOf(values, oneOf);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        let decoded: ReturnType<typeof decodeSparseUpdate>;
        try {
          decoded = decodeSparseUpdate(bytes, shape);
        } catch (error) {
          expect(error).toEqual(refused);
          return;
        }
        accepted++;
        expect(encodeSparseUpdate(shape, decoded, decoded.carried)).toEqual(bytes);
        expect(Number.isFinite(sparseNorm(shape, decoded))).toBe(true);
        expect([...decoded.entries].every((entry, group) => group * oneOf + (entry >> 1) < values.length)).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('refuses random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeSparseUpdate(bytes, { parameters: 100, oneOf: 16 })).toThrow(refused);
      }),
    );
  });

  it('refuses what another encoding of the same values would look like', () => {
    const shape = { parameters: 10, oneOf: 4 };
    const bytes = encodedOf(Float32Array.of(0, 1, 0, 0, -1, 0, 0, 0, 0, 1), shape.oneOf);
    const entries = HEADER_BYTES + 4;
    const change = (...edits: readonly (readonly [number, number])[]) => {
      const changed = bytes.slice();
      for (const [at, byte] of edits) changed[at] = byte;
      return changed;
    };
    expect([...bytes.subarray(entries)]).toEqual([0b10_001_010, 0]);
    expect(() => decodeSparseUpdate(bytes, shape)).not.toThrow();
    const refusals = [
      ['a place beyond the last, shorter group', change([entries, 0b00_001_010], [entries + 1, 1])],
      ['bits after the last entry', change([entries + 1, 2])],
      ['another magic', change([0, 1])],
      ['the former version', change([7, 1])],
      ['another count', change([15, 4])],
      ['a missing byte', bytes.subarray(0, -1)],
      ['a scale of zero', change([HEADER_BYTES + 2, 0], [HEADER_BYTES + 3, 0])],
      ['a negative scale', change([HEADER_BYTES + 3, 0xbf])],
      ['an infinite scale', change([HEADER_BYTES + 3, 0x7f])],
    ] as const;
    for (const [name, refusal] of refusals) expect(() => decodeSparseUpdate(refusal, shape), name).toThrow(refused);
  });

  it('of nothing has one encoding', () => {
    const shape = { parameters: 5000, oneOf: 16 };
    const bytes = encodedOf(new Float32Array(5000), 16);
    expect([...bytes.subarray(HEADER_BYTES)].every((byte) => byte === 0)).toBe(true);
    const other = bytes.slice();
    other[HEADER_BYTES + 4] = 1;
    expect(() => decodeSparseUpdate(other, shape)).toThrow(refused);
  });

  it('refuses weights that left the exact range', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53]) {
      expect(() => quantiseSparse(Float32Array.of(0, value, 2), 16)).toThrow(refused);
    }
  });

  it('adds what it holds, and has the norm of that', () => {
    fc.assert(
      fc.property(vector, groups, (values, oneOf) => {
        const shape = { parameters: values.length, oneOf };
        const update = quantiseSparse(values.slice(), oneOf);
        const sum = new Float32Array(values.length);
        accumulateSparse(sum, shape, update, 1);
        const exact = Math.hypot(...sum);
        expect(Math.abs(sparseNorm(shape, update) - exact)).toBeLessThanOrEqual(exact * 1e-6);
        expect(largestSparse(update)).toBe(Math.max(...sum.map(Math.abs)));
      }),
    );
  });

  it('keeps its bytes', () => {
    const values = Float32Array.from({ length: 10_000 }, (_, i) => Math.fround(((i * 7919) % 1013) / 1013 - 0.5));
    const rest = values.slice();
    const bytes = encodeSparseUpdate({ parameters: 10_000, oneOf: 16 }, quantiseSparse(rest, 16), ROOTS);
    expect([bytes, new Uint8Array(rest.buffer)].map((part) => toHex(sha256(part)))).toMatchInlineSnapshot(`
      [
        "0x00d8cf12c793e85456126d22d00aa502711377b1c0b083d84b1abea9ab4d9b59",
        "0x170956e84848efb290a4c3e2667ada9fbeec0537426c3d8fc4fad3299755b4a9",
      ]
    `);
  });
});
