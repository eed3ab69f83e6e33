import { hasQuorum } from '../codec/quorum.ts';
import type { Genesis } from '../params/genesis.ts';
import { fixedLoss } from './losses.ts';
import type { CastVote } from './types.ts';

const PPM = 1_000_000n;

/**
 * True when a quorum measured, to the bit, the same loss with and without a proof's update, and the update raises it beyond
 * the genesis's tolerance. Without such a quorum the gate says nothing: it must not be in the power of a few to close it.
 * @param proof place in the sealed list
 */
export function failsGate(votes: readonly CastVote[], proof: number, authorities: number, { rewards }: Pick<Genesis, 'rewards'>): boolean {
  const measured = votes.flatMap(({ gateBaseline, gateLosses }) => {
    const loss = gateLosses[proof];
    return gateBaseline === undefined || loss === undefined ? [] : [{ baseline: gateBaseline, loss }];
  });
  const agreed = measured.find((candidate) => {
    const same = measured.filter((each) => Object.is(each.baseline, candidate.baseline) && Object.is(each.loss, candidate.loss));
    return hasQuorum(same.length, authorities);
  });
  if (agreed === undefined) return false;
  return raisesLoss(agreed.baseline, agreed.loss, { rewards });
}

/** True when a loss exceeds the baseline by more than the genesis tolerates. */
export function raisesLoss(baseline: number, loss: number, { rewards }: Pick<Genesis, 'rewards'>): boolean {
  return fixedLoss(loss) * PPM > fixedLoss(baseline) * (PPM + BigInt(rewards.gate_tolerance_ppm));
}
