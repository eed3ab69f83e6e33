/**
 * Floating point operations that training on one token takes: 6 for each weight of a matrix (forward 2, backward 4; the tied table counts
 * once, as the output head) and 6·layers·context·width for attention over the half of the context that is visible on average. Norms,
 * softmax and AdamW are left out, and so is what an engine computes twice or in vain.
 */
export function trainingFlopsPerToken({
  layers,
  dim,
  heads,
  kv_heads: kvHeads,
  hidden_dim: hidden,
  context_length: context,
  vocab_size: vocab,
}) {
  const keys = (dim / heads) * kvHeads;
  const layer = 2 * dim * dim + 2 * dim * keys + 3 * dim * hidden;
  return 6 * (layers * layer + vocab * dim) + 6 * layers * context * dim;
}
