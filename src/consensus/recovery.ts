import { headerHash } from '../codec/blocks.ts';
import type { ConsensusMessage } from '../codec/types.ts';
import { onMessage } from './intake.ts';
import { resend } from './resend.ts';
import { schedule, startRound } from './rounds.ts';
import { andThen, type ConsensusState, NO_LOCK, ownVote, roundOf, type Step, type Transition, unchanged, withCandidate } from './state.ts';
import type { WalRecord } from './types.ts';
import { voteKey } from './vote-set.ts';

/**
 * Begins a height, afresh at round 0 or, after a restart, where this node last signed something: its own messages and its
 * lock are as they were, so that it cannot contradict them.
 */
export function startHeight(previous: ConsensusState, height: number, recovered: readonly WalRecord[]): Transition {
  const fresh: ConsensusState = {
    ...previous,
    height,
    round: 0,
    step: 'propose',
    decided: false,
    lock: NO_LOCK,
    rounds: new Map(),
    candidates: new Map(),
    proposedRound: -1,
  };
  const records = recovered.filter((record) => placeOfRecord(record).height === height);
  const entered =
    records.length === 0 ? startRound(fresh, 0) : andThen(resume(fresh, records), (state) => ({ state, effects: resend(state) }));
  return andThen(entered, (state) => ({ state, effects: [schedule(state, 'resend')] }));
}

function placeOfRecord(record: WalRecord) {
  return record.type === 'vote' ? record.vote : record.proposal;
}

function resume(fresh: ConsensusState, records: readonly WalRecord[]): Transition {
  const round = Math.max(...records.map((record) => placeOfRecord(record).round));
  const lock = records.reduce((last, record) => (record.type === 'vote' ? record.lock : last), NO_LOCK);
  let state: ConsensusState = { ...fresh, round, lock };
  const own = records.map(
    (record): ConsensusMessage =>
      record.type === 'vote' ? { kind: 'vote', vote: record.vote } : { kind: 'proposal', proposal: record.proposal },
  );
  const justifying = lock.justification.map((vote): ConsensusMessage => ({ kind: 'vote', vote }));
  for (const message of [...own, ...justifying]) state = onMessage(state, message).state;
  if (lock.validBlock !== undefined) {
    const blockHash = headerHash(lock.validBlock.header);
    const candidate = { blockHash, block: lock.validBlock, verdict: 'unknown' as const, askedInRound: round, bodies: 1 };
    state = withCandidate(state, voteKey(blockHash), candidate);
  }
  const step = stepOf(state);
  if (step !== 'propose') return unchanged({ ...state, step });
  return startRound({ ...state, proposedRound: ownProposal(state) ? round : -1 }, round);
}

/** As far as this node went in the round it signed last in. */
function stepOf(state: ConsensusState): Step {
  if (ownVote(state, state.round, 'precommit') !== undefined) return 'precommit';
  return ownVote(state, state.round, 'prevote') === undefined ? 'propose' : 'prevote';
}

function ownProposal(state: ConsensusState): boolean {
  const held = roundOf(state, state.round).proposal;
  return held !== undefined && state.self === (state.height + state.round) % state.options.authorities.length;
}
