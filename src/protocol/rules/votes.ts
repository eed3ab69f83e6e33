import { voteCommitment } from '../../codec/operations.ts';
import type { CommitOperation, Finding, RevealOperation, Ruling, RulingOperation, VoteOperation } from '../../codec/types.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Address } from '../../primitives/keys.ts';
import type { ProtocolContext } from '../context.ts';
import { dealTo, drawOf, type SegmentRef } from '../draw.ts';
import { isValidAccuracy, isValidLoss } from '../losses.ts';
import { onionHash } from '../onion.ts';
import { findByAddress } from '../sorted.ts';
import { type Deadlines, deadlinesOf } from '../timeline.ts';
import type { AuthorityRecord, ProtocolState, SealedRound } from '../types.ts';
import { invalid, later, type Standing, stale, VALID } from './standing.ts';

interface Place {
  readonly authority: AuthorityRecord;
  readonly sealed: SealedRound;
  readonly deadlines: Deadlines;
}

/** What preimages, commitments, votes and rulings have in common: an authority's, on the sealed round. */
function placeIn(state: ProtocolState, author: Address, round: number, { genesis }: ProtocolContext): Place | Standing {
  const { sealed } = state;
  // 1. Its author is an authority.
  const authority = findByAddress(state.authorities, author, (record) => record.address);
  if (authority === undefined) return invalid('not_an_authority', 'the author is not an authority');
  // 2. It is on the sealed round.
  if (sealed === undefined || round > sealed.number) return later('wrong_round', `round ${round} is not sealed yet`);
  if (round < sealed.number) return stale('wrong_round', `round ${round} is settled`);
  return { authority, sealed, deadlines: deadlinesOf(state, sealed.sealedAt, genesis) };
}

/** Its block is after height `from` and not after `until`. A late one would know what it changes, or delay what hangs on it. */
function inWindow(state: ProtocolState, from: number, until: number): Standing {
  if (state.height < from) return later('window_not_open', `it can be in a block from height ${from + 1} on`);
  if (state.height >= until) return stale('window_closed', `it was due by height ${until}`);
  return VALID;
}

export function judgeReveal(state: ProtocolState, reveal: RevealOperation, context: ProtocolContext): Standing {
  // 1 and 2.
  const place = placeIn(state, reveal.authority, reveal.round, context);
  if ('kind' in place) return place;
  const { authority, sealed, deadlines } = place;
  // 3. It is the authority's first for the round.
  if (authority.revealedRound >= reveal.round) return stale('already_revealed', `a preimage was revealed for round ${reveal.round}`);
  // 4. It hashes to the last element revealed.
  if (!equalBytes(onionHash(reveal.preimage), authority.onion)) {
    return invalid('preimage_wrong', 'the preimage does not hash to the last element revealed');
  }
  // 5. Its window is open.
  return inWindow(state, sealed.sealedAt, deadlines.reveals);
}

export function judgeCommit(state: ProtocolState, commit: CommitOperation, context: ProtocolContext): Standing {
  // 1 and 2.
  const place = placeIn(state, commit.authority, commit.round, context);
  if ('kind' in place) return place;
  const { sealed, deadlines } = place;
  // 3. It is the authority's first for the round.
  if (findByAddress(sealed.commits, commit.authority, (each) => each.authority) !== undefined) {
    return stale('already_committed', `the authority has committed to a vote on round ${commit.round}`);
  }
  // 4. The draw is known, and nobody's vote yet.
  return inWindow(state, deadlines.reveals, deadlines.commits);
}

export function judgeVote(state: ProtocolState, vote: VoteOperation, context: ProtocolContext): Standing {
  // 1 and 2.
  const place = placeIn(state, vote.authority, vote.round, context);
  if ('kind' in place) return place;
  const { authority, sealed, deadlines } = place;
  // 3. It is the authority's first on the round.
  if (findByAddress(sealed.votes, vote.authority, (cast) => cast.authority) !== undefined) {
    return stale('already_voted', `the authority has voted on round ${vote.round}`);
  }
  // 4. Its window is open.
  const window = inWindow(state, deadlines.commits, deadlines.votes);
  if (window.kind !== 'valid') return window;
  // 5. The authority committed to it, before it could know another's.
  const commit = findByAddress(sealed.commits, vote.authority, (each) => each.authority);
  if (commit === undefined) return stale('not_committed', `the authority did not commit to a vote on round ${vote.round} in time`);
  // 6. Its secret preimage is the next of the authority's second chain: the secret segment was not chosen.
  if (!equalBytes(onionHash(vote.secretPreimage), authority.secretOnion)) {
    return invalid('preimage_wrong', 'the secret preimage does not hash to the last element shown');
  }
  // 7. It has one finding for each segment dealt, of a fault that can be there.
  const draw = drawOf(state);
  const dealt = draw === undefined ? [] : dealTo(draw, vote.authority, vote.secretPreimage);
  if (vote.findings.length !== dealt.length) {
    return invalid('finding_count_wrong', `${vote.findings.length} findings on ${dealt.length} segments`);
  }
  const impossible = dealt.findIndex((ref, i) => !isPossible(vote.findings[i] as Finding, ref, sealed));
  if (impossible >= 0) return invalid('fault_impossible', `finding ${impossible} is of a fault that its segment cannot have`);
  // 8. It has the gate's loss of each proof, or says that there is none; all of them, and the held-out one, in range.
  if (vote.gateLosses.length !== sealed.proofs.length) {
    return invalid('gate_losses_invalid', `${vote.gateLosses.length} gate losses on ${sealed.proofs.length} proofs`);
  }
  if (![vote.gateBaseline, ...vote.gateLosses].every((loss) => loss === undefined || isValidLoss(loss))) {
    return invalid('gate_losses_invalid', 'a gate loss is out of range');
  }
  if (!isValidLoss(vote.heldOutLoss) || !isValidAccuracy(vote.heldOutAccuracy)) {
    return invalid('held_out_invalid', 'the held-out loss is out of range, or the accuracy is not in [0, 1]');
  }
  // 9. It is what the authority committed to: last, for it hashes all of it.
  if (!equalBytes(voteCommitment(vote), commit.commitment)) {
    return invalid('commitment_wrong', 'the vote is not the one that the authority committed to');
  }
  return VALID;
}

/** Only the first segment begins at the round's known start, and only the last one binds the update. */
function isPossible(finding: Finding | Ruling, { proof, segment }: SegmentRef, { proofs }: SealedRound): boolean {
  if (finding.kind !== 'fraud') return true;
  if (finding.fault === 'start') return segment === 0;
  return finding.fault === 'state' || segment + 1 === proofs[proof]?.segments;
}

export function judgeRuling(state: ProtocolState, operation: RulingOperation, context: ProtocolContext): Standing {
  // 1 and 2.
  const place = placeIn(state, operation.authority, operation.round, context);
  if ('kind' in place) return place;
  const { sealed, deadlines } = place;
  // 3. It is the authority's first on the round.
  if (findByAddress(sealed.rulings, operation.authority, (cast) => cast.authority) !== undefined) {
    return stale('already_ruled', `the authority has ruled on round ${operation.round}`);
  }
  // 4. Its window is open, and something is disputed.
  const window = inWindow(state, deadlines.votes, deadlines.rulings);
  if (window.kind !== 'valid') return window;
  const { disputes = [] } = sealed;
  if (disputes.length === 0) return stale('nothing_disputed', `nothing is disputed in round ${operation.round}`);
  // 5. Its rulings ascend, each on a disputed segment, with the step digests it needs and of a fault that can be there.
  for (const [i, ruling] of operation.rulings.entries()) {
    const previous = operation.rulings[i - 1];
    if (previous !== undefined && (previous.proof - ruling.proof || previous.segment - ruling.segment) >= 0) {
      return invalid('rulings_not_ascending', `ruling ${i} is out of order or on the same segment`);
    }
    if (!disputes.some(({ proof, segment }) => proof === ruling.proof && segment === ruling.segment)) {
      return invalid('not_disputed', `ruling ${i} is on segment ${ruling.segment} of proof ${ruling.proof}, which is not disputed`);
    }
    if (!isPossible(ruling, ruling, sealed)) return invalid('fault_impossible', `ruling ${i} is of a fault that its segment cannot have`);
    if (!hasItsSteps(ruling, context)) return invalid('step_count_wrong', `ruling ${i} has another number of step digests`);
  }
  return VALID;
}

/** One digest for each inner step; of fraud, as many as could be run: none is needed when the start is wrong, and a run can end in NaN. */
function hasItsSteps(ruling: Ruling, { genesis }: ProtocolContext): boolean {
  if (ruling.kind === 'unavailable') return true;
  const steps = genesis.rounds.steps_per_segment;
  return ruling.kind === 'fraud' ? ruling.steps.length <= steps : ruling.steps.length === steps;
}
