import { hasQuorum } from '../codec/quorum.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { hasOneHonest } from './authorities.ts';
import { schedule, startRound } from './rounds.ts';
import { type ConsensusState, isValid, type RoundState, roundOf, type Transition, withCandidate, withRound } from './state.ts';
import type { LockState } from './types.ts';
import { countAll, countFor, NIL, type VoteKey, type VoteSet, votesOf } from './vote-set.ts';
import { castVote } from './voting.ts';

/** An upon-rule of algorithm 1 (arXiv:1807.04938, page 6): undefined when its condition does not hold. */
export type Rule = (state: ConsensusState) => Transition | undefined;

const isQuorum = (state: ConsensusState, count: number) => hasQuorum(count, state.options.authorities.length);

/** The block with a quorum in a set, if any: two would need one third of faulty authorities. */
function decidedBlock(state: ConsensusState, set: VoteSet): VoteKey | undefined {
  for (const [key, count] of set.counts) if (key !== NIL && isQuorum(state, count)) return key;
  return undefined;
}

/**
 * Asks for valid(v), which the paper has for free: of the current round's proposal, and of a block that a quorum prevoted
 * or precommitted. A refusal of an earlier round is asked again, since an update missing then may have arrived.
 */
export const requestValidation: Rule = (state) => {
  const keys: VoteKey[] = [];
  const proposed = roundOf(state, state.round).proposal?.key;
  if (proposed !== undefined && state.step === 'propose') keys.push(proposed);
  for (const round of state.rounds.values()) {
    const decided = decidedBlock(state, round.precommits) ?? decidedBlock(state, round.prevotes);
    if (decided !== undefined) keys.push(decided);
  }
  for (const key of keys) {
    const candidate = state.candidates.get(key);
    if (candidate?.block === undefined) continue;
    const stale = candidate.verdict === 'invalid' && candidate.askedInRound < state.round && key === proposed;
    if (candidate.verdict !== 'unknown' && !stale) continue;
    const asked = { ...candidate, verdict: 'pending' as const, askedInRound: state.round };
    return {
      state: withCandidate(state, key, asked),
      effects: [{ type: 'validate', block: candidate.block, blockHash: candidate.blockHash }],
    };
  }
  return undefined;
};

/** Line 22: a new proposal. */
export const prevoteNewProposal: Rule = (state) => {
  const held = roundOf(state, state.round).proposal;
  if (held === undefined || held.proposal.validRound !== undefined || state.step !== 'propose') return undefined;
  const verdict = state.candidates.get(held.key)?.verdict;
  if (verdict !== 'valid' && verdict !== 'invalid') return undefined;
  const { lockedRound, lockedBlockHash } = state.lock;
  const free = lockedRound === undefined || (lockedBlockHash !== undefined && equalBytes(lockedBlockHash, held.blockHash));
  return castVote(state, 'prevote', verdict === 'valid' && free ? held.blockHash : undefined);
};

/** Line 28: a proposal made again, with the prevote quorum of an earlier round that may unlock this node. */
export const prevoteOldProposal: Rule = (state) => {
  const held = roundOf(state, state.round).proposal;
  const validRound = held?.proposal.validRound;
  if (held === undefined || validRound === undefined || validRound >= state.round || state.step !== 'propose') return undefined;
  const verdict = state.candidates.get(held.key)?.verdict;
  if (verdict !== 'valid' && verdict !== 'invalid') return undefined;
  if (!isQuorum(state, countFor(roundOf(state, validRound).prevotes, held.key))) return undefined;
  const { lockedRound, lockedBlockHash } = state.lock;
  const free =
    lockedRound === undefined ||
    lockedRound <= validRound ||
    (lockedBlockHash !== undefined && equalBytes(lockedBlockHash, held.blockHash));
  return castVote(state, 'prevote', verdict === 'valid' && free ? held.blockHash : undefined);
};

/** Line 34: a quorum prevoted, but not for one thing. */
export const startPrevoteTimer: Rule = (state) => {
  const round = roundOf(state, state.round);
  if (state.step !== 'prevote' || round.fired.prevoteTimer || !isQuorum(state, countAll(round.prevotes))) return undefined;
  return { state: withRound(state, state.round, fire(round, 'prevoteTimer')), effects: [schedule(state, 'prevote')] };
};

/** Line 36: a quorum prevoted one block: lock it and precommit; later in the round only remember it as valid. */
export const lockOnQuorum: Rule = (state) => {
  const round = roundOf(state, state.round);
  if (round.fired.polka || round.proposal === undefined || state.step === 'propose') return undefined;
  const { blockHash, key } = round.proposal;
  if (!isQuorum(state, countFor(round.prevotes, key)) || !isValid(state, key)) return undefined;
  const valid: LockState = {
    ...state.lock,
    validRound: state.round,
    validBlock: state.candidates.get(key)?.block,
    justification: votesOf(round.prevotes, key),
  };
  const fired = withRound(state, state.round, fire(round, 'polka'));
  if (state.step !== 'prevote') return { state: { ...fired, lock: valid }, effects: [] };
  return castVote({ ...fired, lock: { ...valid, lockedRound: state.round, lockedBlockHash: blockHash } }, 'precommit', blockHash);
};

/** Line 44: a quorum prevoted nil. */
export const precommitNil: Rule = (state) => {
  if (state.step !== 'prevote' || !isQuorum(state, countFor(roundOf(state, state.round).prevotes, NIL))) return undefined;
  return castVote(state, 'precommit', undefined);
};

/** Line 47: a quorum precommitted, but not one thing. */
export const startPrecommitTimer: Rule = (state) => {
  const round = roundOf(state, state.round);
  if (round.fired.precommitTimer || !isQuorum(state, countAll(round.precommits))) return undefined;
  return { state: withRound(state, state.round, fire(round, 'precommitTimer')), effects: [schedule(state, 'precommit')] };
};

/**
 * Line 49: a quorum precommitted one block in any round. The block is the one with that hash, whichever round's proposal
 * brought it. It is final even when refused here; the application then checks it against its own rules.
 */
export const commitOnQuorum: Rule = (state) => {
  for (const [number, round] of state.rounds) {
    const key = decidedBlock(state, round.precommits);
    const candidate = key === undefined ? undefined : state.candidates.get(key);
    if (candidate?.block === undefined || candidate.verdict === 'unknown' || candidate.verdict === 'pending') continue;
    const { block, blockHash, verdict } = candidate;
    const signatures = votesOf(round.precommits, key).map(({ authority, signature }) => ({ authority, signature }));
    const certificate = { height: state.height, round: number, blockHash, signatures };
    return {
      state: { ...state, decided: true },
      effects: [{ type: 'commit', final: { block, certificate }, validated: verdict === 'valid' }],
    };
  }
  return undefined;
};

/** Line 55: more than one third speak in a later round, so an honest one is there. */
export const skipToRound: Rule = (state) => {
  const later = [...state.rounds.keys()].filter((round) => round > state.round).sort((a, b) => b - a);
  for (const round of later) {
    if (hasOneHonest(speakers(state, round).size, state.options.authorities.length)) return startRound(state, round);
  }
  return undefined;
};

/** Authorities (by index) of whom any message of a round is held. */
export function speakers(state: ConsensusState, round: number): ReadonlySet<number> {
  const { proposal, prevotes, precommits } = roundOf(state, round);
  const speaking = new Set([...prevotes.byAuthor.keys(), ...precommits.byAuthor.keys()]);
  if (proposal !== undefined) speaking.add((state.height + round) % state.options.authorities.length);
  return speaking;
}

function fire(round: RoundState, rule: keyof RoundState['fired']): Partial<RoundState> {
  return { fired: { ...round.fired, [rule]: true } };
}
