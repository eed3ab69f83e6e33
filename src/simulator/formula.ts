/**
 * Probability that a proof of `segments` segments, `forged` of them forged, passes when `drawn` of them are executed again:
 * C(n − m, Q) / C(n, Q), as a product, which does not overflow.
 */
export function passProbability(segments: number, forged: number, drawn: number): number {
  let probability = 1;
  for (let i = 0; i < Math.min(drawn, segments); i++) {
    const clean = segments - forged - i;
    if (clean <= 0) return 0;
    probability *= clean / (segments - i);
  }
  return probability;
}

/**
 * The same under the rule that the last segment is always executed (protocol/challenges.ts): a forged last one is always
 * found; otherwise Q − 1 are drawn from the n − 1 others.
 */
export function passProbabilityWithLast(segments: number, forged: number, isLastForged: boolean, challenges: number): number {
  if (isLastForged || (forged > 0 && challenges >= segments)) return 0;
  return passProbability(segments - 1, forged, challenges - 1);
}
