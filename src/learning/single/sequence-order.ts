import { createPermutation } from '../../data/permutation.ts';
import type { Dataset } from '../../data/types.ts';
import { uint64BE } from '../../primitives/bytes.ts';
import { taggedHash } from '../../primitives/hash.ts';

export interface SequenceOrderOptions {
  readonly dataset: Dataset;
  readonly seed: number;
  readonly batchSize: number;
  readonly contextLength: number;
}

/**
 * The order of a run's sequences: epoch after epoch, each a permutation of all training sequences keyed by the seed and the epoch's
 * number. A batch follows from its step alone, so that a checkpoint needs no position but the step; batches run over epochs' ends.
 * @returns tokens of step `step` (from 0), [batchSize · (contextLength + 1)], valid until the next call
 */
export function createSequenceOrder(options: SequenceOrderOptions): (step: number) => Int32Array {
  const { dataset, seed, batchSize, contextLength } = options;
  const row = contextLength + 1;
  const tokens = new Int32Array(batchSize * row);
  let epoch = -1;
  let permute: (index: number) => number = () => 0;
  return (step) => {
    for (let i = 0; i < batchSize; i++) {
      const number = step * batchSize + i;
      const wanted = Math.floor(number / dataset.trainingSequences);
      if (wanted !== epoch) {
        epoch = wanted;
        permute = createPermutation(taggedHash('pol/run-epoch/1', uint64BE(seed), uint64BE(epoch)), dataset.trainingSequences);
      }
      dataset.readTraining(permute(number % dataset.trainingSequences), tokens, i * row);
    }
    return tokens;
  };
}
