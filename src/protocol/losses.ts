/**
 * Losses are f32, measured to the same bits by all honest nodes. Where the protocol compares sizes it uses integers made by
 * this one rule: ⌊loss · 2²⁰⌋, exact in a double for every valid loss (a binary32 has 24 significant bits; a multiplication by
 * a power of two rounds nothing).
 */
const LOSS_SCALE = 2 ** 20;

/** Bound on a stated loss, nats a token. Whoever measures more, or none because the model diverged, states this. */
export const MAX_LOSS = 1024;

export function isValidLoss(loss: number): boolean {
  return loss >= 0 && loss <= MAX_LOSS && Math.fround(loss) === loss;
}

export function isValidAccuracy(accuracy: number): boolean {
  return accuracy >= 0 && accuracy <= 1 && Math.fround(accuracy) === accuracy;
}

/** 0 … 2^30. */
export function fixedLoss(loss: number): bigint {
  return BigInt(Math.floor(loss * LOSS_SCALE));
}
