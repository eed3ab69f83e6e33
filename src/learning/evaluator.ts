import type { Dataset } from '../data/types.ts';
import type { TrainingEngine } from '../model/types.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { learningError } from './errors.ts';
import { HELD_OUT_SEQUENCES, type HeldOutResult, measureHeldOut } from './held-out.ts';

/** Measures the settled model, once for each root. */
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
      const result = await measureHeldOut(engine, dataset, contextLength, total);
      cached = { root: toHex(root), result };
      return result;
    },
  };
}
