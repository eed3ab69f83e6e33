import { toHex } from '../primitives/bytes.ts';
import { type Draw, isObligatory } from '../protocol/draw.ts';
import type { CastVote, SealedRound } from '../protocol/types.ts';

/**
 * Probability that none of `forged` out of `segments` segments is among `drawn` of them: C(n − m, Q) / C(n, Q), as a product,
 * which does not overflow.
 */
export function escapeProbability(segments: number, forged: number, drawn: number): number {
  let probability = 1;
  for (let i = 0; i < Math.min(drawn, segments); i++) {
    const clean = segments - forged - i;
    if (clean <= 0) return 0;
    probability *= clean / (segments - i);
  }
  return probability;
}

/**
 * Probability, before the draw, that a proof's forged segments escape these votes. An obligatory one never does. The others
 * escape the public draw with C(n − m, Q) / C(n, Q), n being all segments of the round that are drawn freely and Q those dealt
 * to one of the voters; and then each voter's secret draw, which is uniform among all that were not dealt to it.
 * @param proof place in the sealed list, @param forged segments of it
 * @param voters those whose votes are honest and complete
 */
export function escapeOf(sealed: SealedRound, draw: Draw, proof: number, forged: readonly number[], voters: readonly CastVote[]): number {
  if (forged.some((segment) => isObligatory(sealed, { proof, segment }))) return 0;
  const obligatory = new Set(draw.obligatory);
  const hands = voters.map(({ authority }) => draw.dealt.get(toHex(authority)) ?? []);
  const covered = new Set(hands.flat().filter((at) => !obligatory.has(at)));
  const free = draw.segments.length - draw.obligatory.length;
  const remaining = hands.map((hand) => Math.max(1, draw.segments.length - hand.length));
  const secret = remaining.reduce((all, left) => all * Math.max(0, 1 - forged.length / left), 1);
  return escapeProbability(free, forged.length, covered.size) * secret;
}
