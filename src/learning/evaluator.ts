import { heldOutBatch } from '../data/batches.ts';
import type { Dataset } from '../data/types.ts';
import type { TrainingEngine } from '../model/types.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { learningError } from './errors.ts';
import { nextTurn } from './gate.ts';

/** Sequences of the held-out part that measure a model: the first ones, the same in every round, so that rounds compare. */
const HELD_OUT_SEQUENCES = 64;
/** Evaluated at once; part of the result, since means are taken in two levels. */
const SEQUENCES_A_CHUNK = 8;

export interface HeldOutResult {
  /** Nats a token, f32. */
  readonly loss: number;
  /** Share of tokens predicted right, f32. */
  readonly accuracy: number;
}

/**
 * Measures the settled model. Each chunk's means weigh by its sequences: sums ascending in f64, divided and rounded to f32 once, so
 * that honest nodes agree to the bit.
 */
export function createEvaluator(parts: {
  readonly engine: () => TrainingEngine;
  readonly settled: () => Promise<{ readonly root: Hash; readonly weights: Float32Array }>;
  readonly dataset: Dataset;
  readonly contextLength: number;
}) {
  const { dataset, contextLength } = parts;
  const total = Math.min(HELD_OUT_SEQUENCES, dataset.heldOutSequences);
  if (total < 1) {
    throw learningError('LEARNING_INPUT_INVALID', 'data.held_out_tokens holds no sequence of model.context_length tokens: set it higher');
  }
  let cached: { readonly root: string; readonly result: HeldOutResult } | undefined;
  return {
    async evaluate(): Promise<HeldOutResult> {
      const { root, weights } = await parts.settled();
      if (cached?.root === toHex(root)) return cached.result;
      const engine = parts.engine();
      engine.weights.set(weights);
      const rows = heldOutBatch(dataset, contextLength, total);
      let loss = 0;
      let accuracy = 0;
      for (let first = 0; first < total; first += SEQUENCES_A_CHUNK) {
        await nextTurn();
        const count = Math.min(SEQUENCES_A_CHUNK, total - first);
        const chunk = engine.evaluate(rows.subarray(first * (contextLength + 1), (first + count) * (contextLength + 1)));
        loss += chunk.loss * count;
        accuracy += chunk.accuracy * count;
      }
      const result = { loss: Math.fround(loss / total), accuracy: Math.fround(accuracy / total) };
      cached = { root: toHex(root), result };
      return result;
    },
  };
}
