import type { LearningConfig } from '../params/genesis.ts';

/** What is left of the peak at the end of the decay. */
const FINAL_SHARE = 0.1;

/**
 * Warm-up, stable, decay (arXiv:2404.06395): linear from peak/warmup_steps to the peak over `warmup_steps`, the peak, then linear
 * down to a tenth over the last `decay_fraction` of `total_steps`, and a tenth from there on. Computed with + − × ÷ on doubles and
 * rounded once, so every engine has the same bits.
 * @param nominalStep inner step since the start of the run, from 0
 * @returns learning rate, f32
 */
export function learningRateAt(nominalStep: number, learning: LearningConfig): number {
  const { learning_rate: peak, warmup_steps: warmup, total_steps: total } = learning;
  if (nominalStep < warmup) return Math.fround((peak * (nominalStep + 1)) / warmup);
  const decaySteps = Math.floor(total * learning.decay_fraction);
  const decayed = nominalStep - (total - decaySteps);
  if (nominalStep >= total) return Math.fround(decaySteps > 0 ? peak * FINAL_SHARE : peak);
  if (decayed <= 0) return Math.fround(peak);
  return Math.fround(peak * (1 - ((1 - FINAL_SHARE) * decayed) / decaySteps));
}
