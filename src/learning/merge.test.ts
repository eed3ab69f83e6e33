import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { vectorRoot } from './chunks.ts';
import { mergeFactors, mergeUpdates, outerStep, requireCanonicalList } from './merge.ts';
import { denseUpdate, quantiseUpdate } from './update.ts';

function wave(length: number, step: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => ((i * step) % 1013) / 1013 - 0.5);
}

const zero = (length: number) => new Float32Array(length);

describe('merge factors', () => {
  it('weigh by tokens', () => {
    expect(mergeFactors([1, 1], [300, 100])).toEqual([0.75, 0.25]);
  });

  it('clip to twice the median norm, the lower one of two', () => {
    expect(mergeFactors([1, 1, 8], [1, 1, 2])).toEqual([0.25, 0.25, 0.125]);
    expect(mergeFactors([1, 8], [1, 1])).toEqual([0.5, 0.125]);
    expect(mergeFactors([1, 3, 5, 100], [1, 1, 1, 1])).toEqual([0.25, 0.25, 0.25, Math.fround(0.25 * (6 / 100))]);
  });

  it('do not let empty updates clip others', () => {
    expect(mergeFactors([0, 0, 4], [1, 1, 2])).toEqual([0.25, 0.25, 0.5]);
    expect(mergeFactors([0, 0], [1, 1])).toEqual([0.5, 0.5]);
  });

  it('bound the mean by twice the median norm', () => {
    const norms = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(norms, (list) => {
        const factors = mergeFactors(
          list,
          list.map(() => 1),
        );
        const sorted = list.filter((norm) => norm > 0).sort((a, b) => a - b);
        const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
        const bound = list.reduce((sum, norm, u) => sum + norm * (factors[u] as number), 0);
        expect(bound).toBeLessThanOrEqual(2 * median * (1 + 1e-6));
      }),
    );
  });
});

describe('merge', () => {
  it('is the mean of equal updates', async () => {
    const moved = wave(500, 17);
    const update = denseUpdate(quantiseUpdate(moved, zero(500)));
    const mean = await mergeUpdates(500, [5, 5], async () => update);
    mean.forEach((value, i) => {
      expect(Math.abs(value - (moved[i] as number))).toBeLessThan(0.5 / 127);
    });
  });

  it('and the outer step give the golden roots', async () => {
    const updates = [31, 173, 911].map((step) => denseUpdate(quantiseUpdate(wave(1000, step), wave(1000, step + 2))));
    const mean = await mergeUpdates(1000, [4096, 8192, 2048], async (index) => {
      const update = updates[index];
      if (update === undefined) throw new Error('no such update');
      return update;
    });
    const weights = wave(1000, 7);
    const momentum = wave(1000, 11);
    outerStep(weights, momentum, mean, { learningRate: 0.7, momentum: 0.9 });
    expect([mean, momentum, weights].map((vector) => toHex(vectorRoot(vector)))).toMatchInlineSnapshot(`
      [
        "0x96ec860d6e51d0999e62443a86464d839b3f574d63ad7fa3f8bd11c8b29460c1",
        "0x7d6549781957665dac3915a24ef24fbbc166b15fc56188bb6de71cac125336e7",
        "0x6ad530b7b155eb338a300f1b419325bc5096254d7cd3f3ec34da633f06f11eae",
      ]
    `);
  });

  it('takes the Nesterov step of its equations', () => {
    const weights = Float32Array.of(1);
    const momentum = Float32Array.of(0.5);
    outerStep(weights, momentum, Float32Array.of(0.25), { learningRate: 0.5, momentum: 0.5 });
    expect([...momentum]).toEqual([0.5]);
    expect([...weights]).toEqual([0.75]);
  });

  it('refuses lists whose order is not the canonical one', () => {
    const reference = (byte: number, tokens = 1) => ({ trainer: new Uint8Array(20).fill(byte), updateHash: new Uint8Array(32), tokens });
    const refused = expect.objectContaining({ code: 'LEARNING_INPUT_INVALID' });
    expect(() => requireCanonicalList([reference(1), reference(2)], 'sealed')).not.toThrow();
    expect(() => requireCanonicalList([reference(2), reference(1)], 'sealed')).toThrow(refused);
    expect(() => requireCanonicalList([reference(1), reference(1)], 'sealed')).toThrow(refused);
    expect(() => requireCanonicalList([reference(1, 0)], 'sealed')).toThrow(refused);
    expect(() => requireCanonicalList([reference(1, 1.5)], 'sealed')).toThrow(refused);
  });
});
