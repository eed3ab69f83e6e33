import type { Genesis } from '../params/genesis.ts';

/** Weights of a sound run stay far below this; it enters through weight decay only. */
const MAX_SOUND_WEIGHT = 256;
/** Room for rounding over a round's steps. */
const SLACK = 2;

/**
 * The most that a round can move one weight (f64): an update with more in it was not trained, and is not sealed. Without checking any
 * work this bounds what a forged update can do to the weights the next round starts from.
 *
 * AdamW moves a weight by at most lr·(|m̂|/√v̂ + weight_decay·|w|) a step, and by the Cauchy–Schwarz inequality over the moments' sums
 * |m̂|/√v̂ ≤ √(1−β1) / √((1−β2)·(1−β1²/β2)) where β1 ≤ β2 < 1. Infinity for betas without such a bound.
 */
export function maxUpdateMagnitude(genesis: Genesis): number {
  const { learning_rate, beta1, beta2, weight_decay } = genesis.learning;
  const steps = genesis.rounds.max_segments * genesis.rounds.steps_per_segment;
  if (!(beta1 <= beta2 && beta2 > 0 && beta2 < 1)) return Number.POSITIVE_INFINITY;
  const ratio = Math.sqrt(1 - beta1) / Math.sqrt((1 - beta2) * (1 - (beta1 * beta1) / beta2));
  return SLACK * steps * learning_rate * (ratio + weight_decay * MAX_SOUND_WEIGHT);
}
