import { describe, expect, test } from 'vitest';
import type { Dataset } from '../../data/types.ts';
import { createSequenceOrder } from './sequence-order.ts';

/** Each sequence is its own number, twice. */
const dataset: Dataset = {
  root: new Uint8Array(32),
  tokenCount: 100,
  trainingSequences: 11,
  heldOutSequences: 1,
  readTraining: (index, out, offset) => out.fill(index, offset, offset + 2),
  readHeldOut: () => {},
};
const order = (seed: number) => createSequenceOrder({ dataset, seed, batchSize: 4, contextLength: 1 });
const sequences = (seed: number, steps: number) => {
  const batch = order(seed);
  return Array.from({ length: steps }, (_, step) => [...batch(step)].filter((_token, i) => i % 2 === 0)).flat();
};

describe('the order of sequences', () => {
  test('shows each once an epoch, in another order every time and for every seed', () => {
    const seen = sequences(1, 11);
    const epochs = [0, 1, 2, 3].map((epoch) => seen.slice(epoch * 11, (epoch + 1) * 11));
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(epochs.map(String)).size).toBe(4);
    expect(sequences(2, 11)).not.toEqual(seen);
  });

  test('of a step does not depend on the steps before it', () => {
    const inOrder = order(5);
    const batches = [0, 1, 2, 3, 4, 5, 6].map((step) => [...inOrder(step)]);
    const jumping = order(5);
    for (const step of [6, 0, 3, 2]) expect([...jumping(step)]).toEqual(batches[step]);
  });

  test('is the same for ever (golden value)', () => {
    expect(sequences(0, 3)).toEqual([3, 6, 5, 2, 8, 4, 10, 9, 7, 0, 1, 3]);
  });
});
