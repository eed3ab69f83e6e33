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
const KEEP = 64;
const FEEDBACK = { before: new Uint8Array(32).fill(1), after: new Uint8Array(32).fill(2) };
const refused = expect.objectContaining({ code: 'LEARNING_UPDATE_INVALID' });

const movement = fc.oneof(
  fc.float({ noNaN: true, min: -(2 ** 49), max: 2 ** 49 }),
  fc.constantFrom(0, -0, 1, -1, 7, -7, 3.5, 0.5, 2 ** -149, 2 ** -126, -(2 ** -120)),
  fc.float({ noNaN: true, min: Math.fround(-1e-3), max: Math.fround(1e-3) }),
);
/** Short vectors keep a share of their one block, so `keep` is large here. */
const vector = fc.array(movement, { minLength: 1, maxLength: 120 }).map((values) => Float32Array.from(values));
const keeps = fc.integer({ min: 1, max: SPARSE_BLOCK_VALUES });

const encodedOf = (values: Float32Array, keep: number) => {
  const shape = { parameters: values.length, keep };
  return encodeSparseUpdate(shape, quantiseSparse(values.slice(), keep), FEEDBACK);
};

/** By the definition: sort by size, lower index first, and take `count`. */
function largestOf(values: Float32Array, count: number): readonly number[] {
  const order = [...values.keys()].sort((a, b) => Math.abs(values[b] as number) - Math.abs(values[a] as number) || a - b);
  return order.slice(0, count).sort((a, b) => a - b);
}

describe('a sparse update', () => {
  it('holds the largest values, of equal ones the first, and what it leaves out is kept back', () => {
    fc.assert(
      fc.property(vector, keeps, (values, keep) => {
        const rest = values.slice();
        const { scales, indices, levels } = quantiseSparse(rest, keep);
        const count = Math.ceil((keep * values.length) / SPARSE_BLOCK_VALUES);
        const scale = scales[0] as number;
        expect(indices).toHaveLength(count);
        expect([...indices]).toEqual(scale === 0 ? [...Array(count).keys()] : largestOf(values, count));
        const sent = new Map([...indices].map((index, n) => [index, Math.fround(scale * (levels[n] as number))]));
        rest.forEach((value, i) => {
          expect(value).toBe(Math.fround((values[i] as number) - (sent.get(i) ?? 0)) + 0 || value);
          if (scale > 0 && sent.has(i)) expect(Math.abs(value)).toBeLessThanOrEqual(scale * 0.5001);
        });
      }),
    );
  });

  it('has a block of its own every 4096 values, the last one shorter', () => {
    const values = Float32Array.from({ length: 2 * SPARSE_BLOCK_VALUES + 100 }, (_, i) => ((i * 7919) % 10007) - 5000);
    const { scales, indices } = quantiseSparse(values.slice(), KEEP);
    expect(scales).toHaveLength(3);
    expect(indices).toHaveLength(2 * KEEP + 2);
    for (const [block, count] of [KEEP, KEEP, 2].entries()) {
      const from = block * SPARSE_BLOCK_VALUES;
      const expected = largestOf(values.slice(from, from + SPARSE_BLOCK_VALUES), count).map((i) => i + from);
      expect([...indices.subarray(block * KEEP, block * KEEP + count)]).toEqual(expected);
    }
  });

  it('takes less than a hundredth of the bytes of f32 with 64 values of 4096', () => {
    for (const parameters of [270_000, 1_262_720, 124_000_000]) {
      expect((parameters * 4) / sparseUpdateByteLength({ parameters, keep: KEEP })).toBeGreaterThan(100);
    }
  });

  it('encodes and decodes without loss, aligned or not', () => {
    fc.assert(
      fc.property(vector, keeps, fc.nat({ max: 3 }), (values, keep, shift) => {
        const shape = { parameters: values.length, keep };
        const update = quantiseSparse(values.slice(), keep);
        const bytes = encodeSparseUpdate(shape, update, FEEDBACK);
        expect(bytes).toHaveLength(sparseUpdateByteLength(shape));
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        expect(decodeSparseUpdate(moved.subarray(shift), shape)).toEqual({ ...update, feedback: FEEDBACK });
      }),
    );
  });

  it('decodes from its canonical bytes only', () => {
    let accepted = 0;
    const edit = fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 0x07, 0x70, 0x80, 0xff)));
    fc.assert(
      fc.property(vector, keeps, fc.array(edit, { maxLength: 3 }), (values, keep, edits) => {
        const shape = { parameters: values.length, keep };
        const bytes = encodedOf(values, keep);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        let decoded: ReturnType<typeof decodeSparseUpdate>;
        try {
          decoded = decodeSparseUpdate(bytes, shape);
        } catch (error) {
          expect(error).toEqual(refused);
          return;
        }
        accepted++;
        expect(encodeSparseUpdate(shape, decoded, decoded.feedback)).toEqual(bytes);
        expect(Number.isFinite(sparseNorm(shape, decoded))).toBe(true);
        expect([...decoded.indices].every((index, n) => index < values.length && (n === 0 || index > (decoded.indices[n - 1] ?? -1)))).toBe(
          true,
        );
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('refuses random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeSparseUpdate(bytes, { parameters: 100, keep: KEEP })).toThrow(refused);
      }),
    );
  });

  it('refuses what another encoding of the same values would look like', () => {
    const shape = { parameters: 3, keep: 2000 };
    const bytes = encodedOf(Float32Array.of(1, 0, 0.5), shape.keep);
    const entry = HEADER_BYTES + 4;
    const change = (...edits: readonly (readonly [number, number])[]) => {
      const changed = bytes.slice();
      for (const [at, byte] of edits) changed[at] = byte;
      return changed;
    };
    expect([...bytes.subarray(entry)]).toEqual([0x07, 0, 0x23, 0]);
    expect(() => decodeSparseUpdate(bytes, shape)).not.toThrow();
    const refusals = [
      ['a largest level under 7', change([entry, 0x06])],
      ['a level of -8', change([entry, 0x08])],
      ['an index twice', change([entry + 2, 0x04])],
      ['an index beyond the block', change([entry + 2, 0x34])],
      ['descending indices', change([entry, 0x27], [entry + 2, 0x04])],
      ['another magic', change([0, 1])],
      ['another version', change([7, 2])],
      ['another count', change([15, 4])],
      ['a missing byte', bytes.subarray(0, -1)],
      ['a scale of zero', change([HEADER_BYTES, 0], [HEADER_BYTES + 1, 0], [HEADER_BYTES + 2, 0], [HEADER_BYTES + 3, 0])],
      ['a negative scale', change([HEADER_BYTES + 3, 0xbe])],
      ['an infinite scale', change([HEADER_BYTES + 2, 0x80], [HEADER_BYTES + 3, 0x7f])],
    ] as const;
    for (const [name, refusal] of refusals) expect(() => decodeSparseUpdate(refusal, shape), name).toThrow(refused);
  });

  it('of nothing has one encoding', () => {
    const shape = { parameters: 5000, keep: KEEP };
    const bytes = encodedOf(new Float32Array(5000), KEEP);
    expect(decodeSparseUpdate(bytes, shape).scales).toEqual(new Float32Array(2));
    const other = bytes.slice();
    other[HEADER_BYTES + 4 + 2 * (KEEP - 1)] = 0xff;
    expect(() => decodeSparseUpdate(other, shape)).toThrow(refused);
  });

  it('refuses weights that left the exact range', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53]) {
      expect(() => quantiseSparse(Float32Array.of(0, value, 2), KEEP)).toThrow(refused);
    }
  });

  it('adds what it holds, and has the norm of that', () => {
    fc.assert(
      fc.property(vector, keeps, (values, keep) => {
        const shape = { parameters: values.length, keep };
        const update = quantiseSparse(values.slice(), keep);
        const sum = new Float32Array(values.length);
        accumulateSparse(sum, shape, update, 1);
        const exact = Math.hypot(...sum);
        expect(Math.abs(sparseNorm(shape, update) - exact)).toBeLessThanOrEqual(exact * 1e-6);
        expect(Math.abs(largestSparse(update) - Math.max(...sum.map(Math.abs)))).toBeLessThanOrEqual(largestSparse(update) * 1e-6);
      }),
    );
  });

  it('keeps its bytes', () => {
    const values = Float32Array.from({ length: 5000 }, (_, i) => Math.fround(((i * 7919) % 1013) / 1013 - 0.5));
    const rest = values.slice();
    const bytes = encodeSparseUpdate({ parameters: 5000, keep: KEEP }, quantiseSparse(rest, KEEP), FEEDBACK);
    expect([bytes, new Uint8Array(rest.buffer)].map((part) => toHex(sha256(part)))).toMatchInlineSnapshot(`
      [
        "0x752080b5cdeae817ed9968619502e344e79f2b3283649ec753c38b57d612b3f1",
        "0x7f2e0b4e02283c7e98fc5dd1a3d0752a46ed620a50b0ebd531062cd1ded29604",
      ]
    `);
  });
});
