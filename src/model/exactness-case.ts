import { patternTokens, tinyLearning, tinyModel } from './test-shapes.ts';

/**
 * One training run whose last state every backend, thread count, micro-batch, checkpointing and way of stopping must reach to the bit.
 * Imports nothing of Node's: the test in a browser runs the same case. Tails in every dimension that may have one: vocabulary, context,
 * heads of 8, four query heads on one key head; norms' weights, decay, clipping and the tied embedding all take part.
 */
export const exactnessCase = {
  model: { ...tinyModel, vocab_size: 37, dim: 32, heads: 4, kv_heads: 1, hidden_dim: 48, context_length: 5 },
  learning: tinyLearning,
  /** Of initialiseWeights. */
  seed: new Uint8Array(32).fill(5),
  steps: 100,
  learningRate: 0.003,
  /** SHA-256 over the little-endian f32 bytes of weights, first and second moments after the last step (test-hash.ts). */
  stateHash: 'aacc2f804bc0f6f311fc0f527bfb0a8137a3b6d211cdd3b601a8d320856a21d9',
  /** Tokens of step 1 … steps. */
  tokens: (step: number) => patternTokens(exactnessCase.model, exactnessCase.learning.batch_size, step % exactnessCase.model.vocab_size),
};
