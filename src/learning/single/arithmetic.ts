import { keyValueDim } from '../../model/layout.ts';
import type { ModelConfig } from '../../params/genesis.ts';

/**
 * Floating-point operations that training one token takes: two for each weight of a matrix in the forward pass, four in the backward
 * pass, and the same for attention's products over the half of the positions that a token sees on average. What checkpointing
 * computes again does not count (model FLOPs, arXiv:2204.02311, appendix B).
 */
export function trainingFlopsPerToken(model: ModelConfig): number {
  const { dim, layers, hidden_dim: hidden, vocab_size: vocab, context_length: context } = model;
  const layer = 2 * dim * dim + 2 * dim * keyValueDim(model) + 3 * dim * hidden;
  const weights = layers * layer + vocab * dim;
  const attention = layers * dim * context;
  return 6 * (weights + attention);
}
