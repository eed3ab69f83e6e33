import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPolError } from '../primitives/errors.ts';
import { heldOutBatch, slotOf, trainingBatch } from './batches.ts';
import { createPermutation, permutedIndex } from './permutation.ts';
import type { Dataset } from './types.ts';

const outOfRange = expect.toSatisfy((error) => isPolError(error, 'DATA_RANGE'));
const seedOf = (value: number) => new Uint8Array(32).fill(value);

describe('permutation', () => {
  test('visits every index once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 1, max: 3000 }), (seed, n) => {
        const permute = createPermutation(seed, n);
        expect(new Set(Array.from({ length: n }, (_, i) => permute(i))).size).toBe(n);
        expect(permutedIndex(seed, n, n - 1)).toBe(permute(n - 1));
      }),
    );
  });

  test('stays in range and injective in the largest domains', () => {
    for (const n of [2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32]) {
      const permute = createPermutation(seedOf(3), n);
      const images = Array.from({ length: 2000 }, (_, i) => permute(n - 1 - i));
      expect(images.every((image) => Number.isInteger(image) && image >= 0 && image < n)).toBe(true);
      expect(new Set(images).size).toBe(2000);
    }
  });

  test('spreads evenly, and differs from seed to seed', () => {
    const n = 10_000;
    const [one, two] = [createPermutation(seedOf(1), n), createPermutation(seedOf(2), n)];
    const images = Array.from({ length: 1000 }, (_, i) => one(i));
    for (let tenth = 0; tenth < 10; tenth++) {
      const inside = images.filter((image) => Math.floor(image / 1000) === tenth).length;
      expect(Math.abs(inside - 100)).toBeLessThan(50);
    }
    expect(images.filter((image, i) => image === two(i)).length).toBeLessThan(10);
  });

  test('is fixed for ever (golden values)', () => {
    expect(Array.from({ length: 8 }, (_, i) => permutedIndex(seedOf(0), 8, i))).toMatchInlineSnapshot(`
      [
        1,
        3,
        6,
        0,
        2,
        5,
        7,
        4,
      ]
    `);
  });

  test.each([
    [0, 0],
    [2 ** 32 + 1, 0],
    [1.5, 0],
    [5, 5],
    [5, -1],
    [5, 0.5],
  ])('of %s items has no index %s', (n, index) => {
    expect(() => permutedIndex(seedOf(0), n, index)).toThrow(outOfRange);
  });
});

/** Sequence i is filled with the token i. */
const dataset: Dataset = {
  root: seedOf(0),
  tokenCount: 1010,
  trainingSequences: 100,
  heldOutSequences: 3,
  readTraining: (index, out, offset) => out.fill(index, offset, offset + 11),
  readHeldOut: (index, out, offset) => out.fill(1000 + index, offset, offset + 11),
};

describe('training batches', () => {
  const sequences = (slot: number, step: number, slotCapacity = 24): number[] => {
    const out = new Int32Array(4 * 11);
    trainingBatch({ dataset, beacon: seedOf(9), slot, slotCapacity, step, batchSize: 4 }, out);
    return [0, 1, 2, 3].map((i) => out[i * 11] as number);
  };

  test('do not overlap between trainers or steps while there are enough sequences', () => {
    const all = [0, 1, 2, 3].flatMap((slot) => [0, 1, 2, 3, 4, 5].flatMap((step) => sequences(slot, step)));
    expect(new Set(all).size).toBe(96);
  });

  test('wrap when more are needed than there are', () => {
    const all = [0, 1].flatMap((slot) => Array.from({ length: 20 }, (_, step) => sequences(slot, step, 80)).flat());
    expect(new Set(all).size).toBe(100);
  });

  test('follow from the beacon alone', () => {
    const permute = createPermutation(seedOf(9), 100);
    expect(sequences(2, 3)).toEqual([60, 61, 62, 63].map(permute));
  });

  test('refuse a step past the capacity and a wrong buffer', () => {
    expect(() => sequences(0, 6)).toThrow(outOfRange);
    expect(() => sequences(0, -1)).toThrow(outOfRange);
    const request = { dataset, beacon: seedOf(9), slot: 0, slotCapacity: 24, step: 0, batchSize: 4 };
    expect(() => trainingBatch(request, new Int32Array(43))).toThrow(outOfRange);
  });
});

describe('slots', () => {
  const roster = [1, 2, 3, 4, 5].map((value) => new Uint8Array(20).fill(value));

  test('number the roster, whatever its order', () => {
    const slots = roster.map((address) => slotOf(seedOf(1), roster, address));
    expect([...slots].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(roster.map((address) => slotOf(seedOf(1), [...roster].reverse(), address))).toEqual(slots);
  });

  test('change with the beacon', () => {
    const first = new Set(Array.from({ length: 40 }, (_, i) => slotOf(seedOf(i), roster, roster[0] as Uint8Array)));
    expect(first.size).toBe(5);
  });

  test('exist for the roster only', () => {
    expect(() => slotOf(seedOf(1), roster, new Uint8Array(20))).toThrow(outOfRange);
  });
});

test('the held-out batch is the first sequences, as many as there are', () => {
  expect([...heldOutBatch(dataset, 10, 2)]).toEqual([...Array(11).fill(1000), ...Array(11).fill(1001)]);
  expect(heldOutBatch(dataset, 10, 99)).toHaveLength(33);
  expect(() => heldOutBatch(dataset, 10, 0)).toThrow(outOfRange);
});
