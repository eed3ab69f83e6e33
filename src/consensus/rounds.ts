import { headerHash } from '../codec/blocks.ts';
import { hasQuorum } from '../codec/quorum.ts';
import type { Block, ConsensusMessage } from '../codec/types.ts';
import { proposerOf } from './authorities.ts';
import { PAST_ROUNDS_KEPT } from './limits.ts';
import { andThen, type ConsensusState, roundOf, type Transition, unchanged, withCandidate } from './state.ts';
import type { ConsensusEffect, TimeoutKind } from './types.ts';
import { countAll, voteKey } from './vote-set.ts';
import { castVote } from './voting.ts';

/** Lines 11–21: enters a round, and proposes if it is this node's turn. */
export function startRound(state: ConsensusState, round: number): Transition {
  const entered = forgetOldRounds({ ...state, round, step: 'propose' });
  const proposing = propose(entered);
  // The paper sets this timer for the others only; building may fail here too.
  return { state: proposing.state, effects: [...proposing.effects, schedule(entered, 'propose')] };
}

/** Lines 14–19. The valid block goes out again with the prevotes that justify it: they may never have reached the others. */
function propose(state: ConsensusState): Transition {
  const { height, round, self, lock, options } = state;
  const isProposer = self !== undefined && options.authorities[self] === proposerOf(options.authorities, height, round);
  const authority = self === undefined ? undefined : options.authorities[self];
  if (!isProposer || authority === undefined || state.proposedRound >= round) return unchanged(state);
  if (lock.validBlock === undefined || lock.validRound === undefined) return { state, effects: [{ type: 'build', height, round }] };
  const proposal = { height, round, validRound: lock.validRound, block: lock.validBlock, authority };
  const effects: ConsensusEffect[] = [{ type: 'signProposal', proposal }];
  const messages: ConsensusMessage[] = lock.justification.map((vote) => ({ kind: 'vote', vote }));
  if (messages.length > 0) effects.push({ type: 'resend', messages });
  return { state: { ...state, proposedRound: round }, effects };
}

/** The answer to `build`: proposed if the round still waits for it. A block built here needs no second opinion. */
export function onBuilt(state: ConsensusState, height: number, round: number, block: Block): Transition {
  const authority = state.self === undefined ? undefined : state.options.authorities[state.self];
  const awaited = !state.decided && height === state.height && round === state.round && state.step === 'propose';
  if (!awaited || authority === undefined || state.proposedRound >= round) return unchanged(state);
  const blockHash = headerHash(block.header);
  const candidate = { blockHash, block, verdict: 'valid' as const, askedInRound: round, bodies: 1 };
  return {
    state: { ...withCandidate(state, voteKey(blockHash), candidate), proposedRound: round },
    effects: [{ type: 'signProposal', proposal: { height, round, validRound: undefined, block, authority } }],
  };
}

/** Lines 57–67. A timeout of a step or round that is over changes nothing. */
export function onTimeout(state: ConsensusState, kind: Exclude<TimeoutKind, 'resend'>, round: number): Transition {
  if (round !== state.round) return unchanged(state);
  if (kind === 'propose' && state.step === 'propose') return castVote(state, 'prevote', undefined);
  if (kind === 'prevote' && state.step === 'prevote') return castVote(state, 'precommit', undefined);
  if (kind === 'precommit') return leaveRound(state);
  return unchanged(state);
}

/**
 * Line 66, and beyond the paper a nil precommit in a round left without any. A Byzantine precommit can be what let this node
 * leave: others may never hear it, and this node forgets it in a crash. Its own is in the log, so that the sound ones who
 * stayed always find a quorum among themselves. Nil locks and decides nothing.
 */
function leaveRound(state: ConsensusState): Transition {
  return andThen(castVote(state, 'precommit', undefined), (left) => startRound(left, state.round + 1));
}

/** Timeouts grow with the round, so that they end up longer than any delay of the network (section 2.2 of the paper). */
export function schedule(state: ConsensusState, kind: TimeoutKind): ConsensusEffect {
  const { timeouts } = state.options;
  const { height, round } = state;
  const ms = {
    propose: timeouts.proposeMs + round * timeouts.proposeDeltaMs,
    prevote: timeouts.prevoteMs + round * timeouts.prevoteDeltaMs,
    precommit: timeouts.precommitMs + round * timeouts.precommitDeltaMs,
    resend: timeouts.resendMs,
  }[kind];
  return { type: 'schedule', kind, height, round, ms };
}

/** True for rounds below the own one whose messages can still matter: late precommits, and prevotes a proposal refers to. */
export function isKeptRound(state: ConsensusState, round: number): boolean {
  if (round >= state.round - PAST_ROUNDS_KEPT) return true;
  const { lockedRound, validRound } = state.lock;
  return round === lockedRound || round === validRound || round === roundOf(state, state.round).proposal?.proposal.validRound;
}

function forgetOldRounds(state: ConsensusState): ConsensusState {
  const rounds = new Map([...state.rounds].filter(([round]) => isKeptRound(state, round)));
  const keys = new Set([...rounds.values()].map((round) => round.proposal?.key));
  if (state.lock.validBlock !== undefined) keys.add(voteKey(headerHash(state.lock.validBlock.header)));
  return { ...state, rounds, candidates: new Map([...state.candidates].filter(([key]) => keys.has(key))) };
}

/** True when enough precommits of the round before were seen to have moved on from it. */
export function leftByQuorum(state: ConsensusState): boolean {
  return hasQuorum(countAll(roundOf(state, state.round - 1).precommits), state.options.authorities.length);
}
