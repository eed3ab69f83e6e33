// Models whose training is measured, smallest first.

const model = { tied_embeddings: true, rope_theta: 10_000, norm_eps: 1e-5 };
const learning = {
  learning_rate: 1e-3,
  warmup_steps: 0,
  total_steps: 1_000_000,
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

export const SHAPES = [
  {
    name: 'tiny',
    model: { ...model, layers: 4, dim: 128, heads: 4, kv_heads: 4, hidden_dim: 352, context_length: 128, vocab_size: 4096 },
    learning: { ...learning, batch_size: 16 },
  },
  {
    name: 'small',
    model: { ...model, layers: 6, dim: 384, heads: 6, kv_heads: 6, hidden_dim: 1024, context_length: 256, vocab_size: 4096 },
    learning: { ...learning, batch_size: 8 },
  },
  {
    name: 'gpt2',
    model: { ...model, layers: 12, dim: 768, heads: 12, kv_heads: 12, hidden_dim: 2048, context_length: 512, vocab_size: 32_000 },
    learning: { ...learning, batch_size: 2 },
  },
];

/** Tokens of one step, of no meaning. */
export function stepTokens({ model: { context_length: context, vocab_size: vocab }, learning: { batch_size: batch } }) {
  let state = 1;
  return Int32Array.from({ length: batch * (context + 1) }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * vocab);
  });
}
