import { compareBytes, equalBytes } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { dataError } from './errors.ts';
import { createPermutation } from './permutation.ts';
import type { Dataset } from './types.ts';

/** One step of one trainer's round. */
export interface BatchRequest {
  readonly dataset: Dataset;
  /** Randomness of the round. */
  readonly beacon: Hash;
  /** The trainer's place, from `slotOf`. */
  readonly slot: number;
  /** Sequences of one slot: max_segments · steps_per_segment · batch_size. */
  readonly slotCapacity: number;
  /** Inner step within the round, from 0. */
  readonly step: number;
  /** Sequences in a step. */
  readonly batchSize: number;
}

/**
 * Writes the token rows of a step: sequence j of slot s is number (s·capacity + j) of the beacon's permutation of the training
 * sequences, wrapping at their end. While the round needs no more than there are, no two trainers share a sequence, and nobody
 * knows theirs before the beacon is out.
 * @param out [batchSize · (context_length + 1)] tokens
 * @throws DATA_RANGE when the step is beyond the slot's capacity, or `out` has another length than the batch
 */
export function trainingBatch(request: BatchRequest, out: Int32Array): void {
  const { dataset, beacon, slot, slotCapacity, step, batchSize } = request;
  const row = out.length / batchSize;
  if (!Number.isInteger(row)) throw dataError('DATA_RANGE', `a batch of ${batchSize} sequences does not fill ${out.length} tokens`);
  if (step < 0 || (step + 1) * batchSize > slotCapacity) {
    throw dataError('DATA_RANGE', `step ${step} of ${batchSize} sequences exceeds the slot's ${slotCapacity} sequences`);
  }
  const permute = createPermutation(beacon, dataset.trainingSequences);
  for (let i = 0; i < batchSize; i++) {
    const number = (slot * slotCapacity + step * batchSize + i) % dataset.trainingSequences;
    dataset.readTraining(permute(number), out, i * row);
  }
}

/**
 * A trainer's slot in a round: the rank of taggedHash(beacon, address) among the roster's, so that no address is first for ever.
 * @throws DATA_RANGE when the trainer is not in the roster
 */
export function slotOf(beacon: Hash, roster: readonly Address[], trainer: Address): number {
  if (!roster.some((address) => equalBytes(address, trainer))) throw dataError('DATA_RANGE', 'the trainer is not in the round’s roster');
  const ticket = (address: Address): Hash => taggedHash('pol/slot/1', beacon, address);
  const own = ticket(trainer);
  return roster.filter((address) => compareBytes(ticket(address), own) < 0).length;
}

/**
 * The first `count` held-out sequences (all, when there are fewer), as rows of context_length + 1 tokens.
 * @throws DATA_RANGE when count is not positive
 */
export function heldOutBatch(dataset: Dataset, contextLength: number, count: number): Int32Array {
  return readHeldOut(dataset, contextLength, count, (i) => i);
}

/**
 * `count` held-out sequences (all, when there are fewer) that `seed` draws, each once; rows as `heldOutBatch`.
 * @throws DATA_RANGE when count is not positive
 */
export function drawnHeldOutBatch(dataset: Dataset, contextLength: number, count: number, seed: Hash): Int32Array {
  return readHeldOut(dataset, contextLength, count, createPermutation(seed, dataset.heldOutSequences));
}

function readHeldOut(dataset: Dataset, contextLength: number, count: number, sequenceAt: (index: number) => number): Int32Array {
  if (!Number.isInteger(count) || count < 1) throw dataError('DATA_RANGE', `${count} held-out sequences: ask for at least one`);
  const sequences = Math.min(count, dataset.heldOutSequences);
  const out = new Int32Array(sequences * (contextLength + 1));
  for (let i = 0; i < sequences; i++) dataset.readHeldOut(sequenceAt(i), out, i * (contextLength + 1));
  return out;
}
