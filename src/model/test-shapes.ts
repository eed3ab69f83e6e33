import type { LearningConfig, ModelConfig } from '../params/genesis.ts';

/** Shapes and schedules for tests: small enough for the oracle, odd enough to have every tail and grouping. */
export const tinyModel: ModelConfig = {
  vocab_size: 37,
  dim: 16,
  layers: 2,
  heads: 4,
  kv_heads: 2,
  hidden_dim: 48,
  context_length: 9,
  tied_embeddings: true,
  rope_theta: 10_000,
  norm_eps: 1e-5,
};

export const tinyLearning: LearningConfig = {
  batch_size: 8,
  learning_rate: 0.01,
  warmup_steps: 0,
  total_steps: 1000,
  decay_fraction: 0,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weight_decay: 0.1,
  clip_norm: 1,
  outer_learning_rate: 0.7,
  outer_momentum: 0.9,
  init_seed: `0x${'00'.repeat(32)}`,
};

/** `sequences` rows of context_length + 1 tokens that follow a simple rule, so that there is something to learn. */
export function patternTokens(model: ModelConfig, sequences: number, start = 1): Int32Array {
  const tokens = new Int32Array(sequences * (model.context_length + 1));
  let token = start;
  for (let i = 0; i < tokens.length; i++) {
    tokens[i] = token;
    token = (token * 5 + 3 + (i % 7 === 0 ? i : 0)) % model.vocab_size;
  }
  return tokens;
}
