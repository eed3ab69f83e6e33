import type { JoinOperation, Operation, ProofOperation, RevealOperation, VoteOperation } from '../codec/types.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { challengedSegments } from './challenges.ts';
import type { ProtocolContext } from './context.ts';
import { MAX_UPDATE_BYTES, seatsOf } from './limits.ts';
import { onionHash } from './onion.ts';
import { findByAddress, hasAddress } from './sorted.ts';
import type { ProtocolState } from './types.ts';

/** The rule that an operation does not meet. */
type RefusalReason =
  | 'boundary_next'
  | 'wrong_round'
  | 'already_joined'
  | 'no_seat'
  | 'not_in_roster'
  | 'already_proven'
  | 'segments_out_of_range'
  | 'tokens_wrong'
  | 'update_size_out_of_range'
  | 'loss_not_finite'
  | 'not_an_authority'
  | 'window_closed'
  | 'already_revealed'
  | 'preimage_wrong'
  | 'challenges_unknown'
  | 'already_voted'
  | 'verdict_count_wrong'
  | 'segment_not_challenged'
  | 'held_out_invalid';

/**
 * Where an operation stands. valid: the next block may carry it. later: a block to come may. stale: no block will, and
 * its author need not be at fault. invalid: no block will, and nobody who follows the rules makes or forwards it.
 */
export type Standing =
  | { readonly kind: 'valid' }
  | { readonly kind: 'later' | 'stale' | 'invalid'; readonly reason: RefusalReason; readonly message: string };

const VALID: Standing = { kind: 'valid' };
const later = (reason: RefusalReason, message: string): Standing => ({ kind: 'later', reason, message });
const stale = (reason: RefusalReason, message: string): Standing => ({ kind: 'stale', reason, message });
const invalid = (reason: RefusalReason, message: string): Standing => ({ kind: 'invalid', reason, message });

/**
 * Judges an operation for the block after `state`, everything but its signature (`verifySignedOperation`, which costs
 * more than all of this and is the same in every state). Blocks are applied by the same rules. Never throws.
 */
export function validateOperation(state: ProtocolState, operation: Operation, context: ProtocolContext): Standing {
  const standing = judge(state, operation, context);
  // A boundary block carries no operations: what it settles and seals is then fixed by the state before it.
  if (standing.kind !== 'valid' || state.height + 1 !== state.open.sealsAt) return standing;
  const message = `the next block is the boundary of round ${state.open.number} and carries no operations`;
  return operation.type === 'join' ? later('boundary_next', message) : stale('boundary_next', message);
}

function judge(state: ProtocolState, operation: Operation, context: ProtocolContext): Standing {
  switch (operation.type) {
    case 'join':
      return judgeJoin(state, operation, context);
    case 'proof':
      return judgeProof(state, operation, context);
    case 'reveal':
      return judgeReveal(state, operation, context);
    case 'vote':
      return judgeVote(state, operation, context);
  }
}

function judgeJoin(state: ProtocolState, { trainer, round }: JoinOperation, { genesis }: ProtocolContext): Standing {
  const { open } = state;
  // 1. It was written in the open round or the one before; otherwise an old one could be replayed.
  if (round > open.number) return later('wrong_round', `round ${round} is not open yet`);
  if (round < open.number - 1) return stale('wrong_round', `it was written in round ${round}, and round ${open.number} is open`);
  // 2. The trainer has no place and has not asked for one.
  if (hasAddress(open.roster, trainer) || hasAddress(state.joining, trainer)) {
    return stale('already_joined', 'the trainer has a place or has asked for one');
  }
  // 3. A place is free. One may become free by the next round.
  const seats = seatsOf(genesis);
  if (open.roster.length + state.joining.length >= seats) return later('no_seat', `all ${seats} places are taken`);
  // A stake would be checked here: without one, a newcomer is on probation and its rewards are locked.
  return VALID;
}

function judgeProof(state: ProtocolState, proof: ProofOperation, { genesis }: ProtocolContext): Standing {
  const { open } = state;
  // 1. It is of the open round.
  if (proof.round > open.number) return later('wrong_round', `round ${proof.round} is not open yet`);
  if (proof.round < open.number) return stale('wrong_round', `round ${proof.round} is over`);
  // 2. Its trainer has a place in it.
  if (!hasAddress(open.roster, proof.trainer)) return invalid('not_in_roster', `the trainer has no place in round ${open.number}`);
  // 3. It is the trainer's first in the round. Withdrawing one before it is sealed would be an operation beside this.
  if (findByAddress(open.proofs, proof.trainer, (each) => each.trainer) !== undefined) {
    return stale('already_proven', `the trainer has a proof in round ${open.number}`);
  }
  // 4. It claims 1 to max_segments segments.
  const { max_segments, steps_per_segment } = genesis.rounds;
  if (!Number.isInteger(proof.segments) || proof.segments < 1 || proof.segments > max_segments) {
    return invalid('segments_out_of_range', `${proof.segments} segments are claimed; 1 to ${max_segments} are possible`);
  }
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

function judgeReveal(state: ProtocolState, reveal: RevealOperation, { genesis }: ProtocolContext): Standing {
  const { sealed } = state;
  // 1. Its author is an authority.
  const authority = findByAddress(state.authorities, reveal.authority, (record) => record.address);
  if (authority === undefined) return invalid('not_an_authority', 'the author is not an authority');
  // 2. It is for the sealed round.
  if (sealed === undefined || reveal.round > sealed.number) return later('wrong_round', `round ${reveal.round} is not sealed yet`);
  if (reveal.round < sealed.number) return stale('wrong_round', `round ${reveal.round} is settled`);
  // 3. It is the authority's first for it.
  if (authority.revealedRound >= reveal.round) return stale('already_revealed', `a preimage was revealed for round ${reveal.round}`);
  // 4. It hashes to the last element revealed.
  if (!equalBytes(onionHash(reveal.preimage), authority.onion)) {
    return invalid('preimage_wrong', 'the preimage does not hash to the last element revealed');
  }
  // 5. Its block is one of the reveal_blocks after the boundary. A late one would know what it changes.
  if (state.height >= sealed.sealedAt + genesis.rounds.reveal_blocks) {
    return stale(
      'window_closed',
      `preimages of round ${reveal.round} were due by height ${sealed.sealedAt + genesis.rounds.reveal_blocks}`,
    );
  }
  return VALID;
}

function judgeVote(state: ProtocolState, vote: VoteOperation, { genesis }: ProtocolContext): Standing {
  const { sealed } = state;
  // 1. Its author is an authority.
  if (findByAddress(state.authorities, vote.authority, (record) => record.address) === undefined) {
    return invalid('not_an_authority', 'the author is not an authority');
  }
  // 2. It is on the sealed round.
  if (sealed === undefined || vote.round > sealed.number) return later('wrong_round', `round ${vote.round} is not sealed yet`);
  if (vote.round < sealed.number) return stale('wrong_round', `round ${vote.round} is settled`);
  // 3. The challenges are drawn. With votes in two steps, a commitment to the verdicts would come first.
  const { challengeSeed } = sealed;
  if (challengeSeed === undefined) return later('challenges_unknown', `the challenges of round ${vote.round} are not drawn yet`);
  // 4. It is the authority's first on the round.
  if (findByAddress(sealed.votes, vote.authority, (cast) => cast.authority) !== undefined) {
    return stale('already_voted', `the authority has voted on round ${vote.round}`);
  }
  // 5. It has one verdict for each sealed proof.
  if (vote.verdicts.length !== sealed.proofs.length) {
    return invalid('verdict_count_wrong', `${vote.verdicts.length} verdicts on ${sealed.proofs.length} proofs`);
  }
  // 6. It calls fraudulent only segments that were challenged.
  for (const [i, verdict] of vote.verdicts.entries()) {
    const proof = sealed.proofs[i];
    if (verdict.kind !== 'fraud' || proof === undefined) continue;
    if (!challengedSegments(challengeSeed, proof, genesis).includes(verdict.segment)) {
      return invalid('segment_not_challenged', `verdict ${i} is on segment ${verdict.segment}, which was not challenged`);
    }
  }
  // 7. Its measurement of the model is a loss and a part of one.
  if (!Number.isFinite(vote.heldOutLoss) || !(vote.heldOutAccuracy >= 0 && vote.heldOutAccuracy <= 1)) {
    return invalid('held_out_invalid', 'the held-out loss is not finite, or the accuracy is not in [0, 1]');
  }
  return VALID;
}
