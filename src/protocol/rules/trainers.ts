import type { JoinOperation, ProofOperation, WithdrawOperation } from '../../codec/types.ts';
import type { ProtocolContext } from '../context.ts';
import { MAX_UPDATE_BYTES, placesWithoutStake, seatsOf } from '../limits.ts';
import { findByAddress, hasAddress } from '../sorted.ts';
import { isOnProbation, isUnderstaked } from '../stakes.ts';
import type { ProtocolState } from '../types.ts';
import { invalid, isRecent, later, type Standing, stale, VALID } from './standing.ts';

export function judgeJoin(state: ProtocolState, { trainer, round }: JoinOperation, { genesis }: ProtocolContext): Standing {
  const { open, joining } = state;
  // 1. It was written in the open round or the one before; otherwise an old one could be replayed.
  const recent = isRecent(open.number, round);
  if (recent.kind !== 'valid') return recent;
  // 2. The trainer has no place and has not asked for one.
  if (hasAddress(open.roster, trainer) || hasAddress(joining, trainer)) {
    return stale('already_joined', 'the trainer has a place or has asked for one');
  }
  // 3. A place is free. One may become free by the next round.
  const seats = seatsOf(genesis);
  if (open.roster.length + joining.length >= seats) return later('no_seat', `all ${seats} places are taken`);
  // 4. Without a stake, one of the places kept for those is free: addresses cost nothing, and must not keep stakes out.
  if (isUnderstaked(state, trainer)) {
    const taken = [...open.roster, ...joining].filter((each) => isUnderstaked(state, each)).length;
    if (taken >= placesWithoutStake(seats)) return later('no_seat', `all ${placesWithoutStake(seats)} places without a stake are taken`);
  }
  return VALID;
}

export function judgeProof(state: ProtocolState, proof: ProofOperation, { genesis }: ProtocolContext): Standing {
  const { open } = state;
  // 1. It is of the open round.
  if (proof.round > open.number) return later('wrong_round', `round ${proof.round} is not open yet`);
  if (proof.round < open.number) return stale('wrong_round', `round ${proof.round} is over`);
  // 2. Its trainer has a place in it.
  if (!hasAddress(open.roster, proof.trainer)) return invalid('not_in_roster', `the trainer has no place in round ${open.number}`);
  // 3. It is the trainer's first in the round, and none was taken back.
  if (findByAddress(open.proofs, proof.trainer, (each) => each.trainer) !== undefined) {
    return stale('already_proven', `the trainer has a proof in round ${open.number}`);
  }
  if (hasAddress(open.withdrawn, proof.trainer)) {
    return stale('already_withdrawn', `the trainer took its proof of round ${open.number} back`);
  }
  // 4. It claims 1 to max_segments segments, or to probation_segments on probation: all of these will be checked.
  const { max_segments, probation_segments, steps_per_segment } = genesis.rounds;
  const most = isOnProbation(state, proof.trainer) ? Math.min(max_segments, probation_segments) : max_segments;
  if (!Number.isInteger(proof.segments) || proof.segments < 1 || proof.segments > max_segments) {
    return invalid('segments_out_of_range', `${proof.segments} segments are claimed; 1 to ${max_segments} are possible`);
  }
  // A stake can fall below the minimum while a proof is on its way.
  if (proof.segments > most) return stale('segments_out_of_range', `${proof.segments} segments are claimed; on probation ${most} can be`);
  // 5. Its tokens are those of its segments.
  const tokens = proof.segments * steps_per_segment * genesis.learning.batch_size * genesis.model.context_length;
  if (proof.tokens !== tokens) return invalid('tokens_wrong', `${proof.segments} segments have ${tokens} tokens, not ${proof.tokens}`);
  // 6. Its update has a size that can be stored.
  if (!Number.isInteger(proof.updateBytes) || proof.updateBytes < 1 || proof.updateBytes > MAX_UPDATE_BYTES) {
    return invalid('update_size_out_of_range', `the update has ${proof.updateBytes} bytes; 1 to ${MAX_UPDATE_BYTES} are allowed`);
  }
  // 7. Its loss is a number.
  if (!Number.isFinite(proof.loss)) return invalid('loss_not_finite', 'the loss is not a finite number');
  return VALID;
}

/** Until the boundary that seals the round: no preimage of its draw is known before, so nobody takes back what would be caught. */
export function judgeWithdraw(state: ProtocolState, { trainer, round }: WithdrawOperation): Standing {
  const { open } = state;
  // 1. It is of the open round.
  if (round > open.number) return later('wrong_round', `round ${round} is not open yet`);
  if (round < open.number) return stale('wrong_round', `round ${round} is sealed`);
  // 2. The trainer has a proof in it. One may be on its way.
  if (hasAddress(open.withdrawn, trainer)) return stale('already_withdrawn', `the proof of round ${round} was taken back`);
  if (findByAddress(open.proofs, trainer, (each) => each.trainer) === undefined) {
    return hasAddress(open.roster, trainer)
      ? later('nothing_to_withdraw', `the trainer has no proof in round ${round}`)
      : invalid('not_in_roster', `the trainer has no place in round ${round}`);
  }
  return VALID;
}
