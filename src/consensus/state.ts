import type { Block, ConsensusVote, Proposal } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { type AuthorityIndex, indexAuthorities } from './authorities.ts';
import type { ConsensusEffect, ConsensusOptions, LockState } from './types.ts';
import { NO_VOTES, type VoteKey, type VoteSet } from './vote-set.ts';

/** step_p of the paper. */
export type Step = 'propose' | 'prevote' | 'precommit';

/** What is known of one round of the height. */
export interface RoundState {
  readonly proposal: HeldProposal | undefined;
  readonly prevotes: VoteSet;
  readonly precommits: VoteSet;
  /** Rules that fire "for the first time" only: lines 34, 36 and 47. */
  readonly fired: { readonly prevoteTimer: boolean; readonly polka: boolean; readonly precommitTimer: boolean };
  /** Authorities and message kinds already reported for a second, different message. */
  readonly accused: ReadonlySet<string>;
}

/** The first proposal of a round. Its block is kept among the candidates. */
export interface HeldProposal {
  readonly proposal: Proposal;
  readonly blockHash: Hash;
  readonly key: VoteKey;
}

/** A block that was proposed at this height, and what the application said of it. */
export interface Candidate {
  readonly blockHash: Hash;
  /** Undefined once the application refused this body: another one is awaited. */
  readonly block: Block | undefined;
  readonly verdict: 'unknown' | 'pending' | 'valid' | 'invalid';
  /** The own round in which the verdict was asked for: what was not available then may be later. */
  readonly askedInRound: number;
  /** Bodies tried in that round. */
  readonly bodies: number;
}

export interface ConsensusState {
  readonly options: ConsensusOptions;
  readonly index: AuthorityIndex;
  /** Index of this node among the authorities; undefined follows without voting. */
  readonly self: number | undefined;
  readonly height: number;
  readonly round: number;
  readonly step: Step;
  /** True before the first start, and once a block was handed to the application. */
  readonly decided: boolean;
  readonly lock: LockState;
  readonly rounds: ReadonlyMap<number, RoundState>;
  readonly candidates: ReadonlyMap<VoteKey, Candidate>;
  /** The last round in which this node proposed or was asked to: it proposes once. */
  readonly proposedRound: number;
}

export interface Transition {
  readonly state: ConsensusState;
  readonly effects: readonly ConsensusEffect[];
}

export const NO_LOCK: LockState = {
  lockedRound: undefined,
  lockedBlockHash: undefined,
  validRound: undefined,
  validBlock: undefined,
  justification: [],
};

const EMPTY_ROUND: RoundState = {
  proposal: undefined,
  prevotes: NO_VOTES,
  precommits: NO_VOTES,
  fired: { prevoteTimer: false, polka: false, precommitTimer: false },
  accused: new Set(),
};

/** A machine that waits for its first `start`. */
export function initialState(options: ConsensusOptions): ConsensusState {
  const index = indexAuthorities(options.authorities);
  return {
    options,
    index,
    self: options.self === undefined ? undefined : index.get(toHex(options.self)),
    height: 0,
    round: 0,
    step: 'propose',
    decided: true,
    lock: NO_LOCK,
    rounds: new Map(),
    candidates: new Map(),
    proposedRound: -1,
  };
}

export function unchanged(state: ConsensusState): Transition {
  return { state, effects: [] };
}

/** Runs `next` on the state a transition leads to, and joins the effects. */
export function andThen(transition: Transition, next: (state: ConsensusState) => Transition): Transition {
  const { state, effects } = next(transition.state);
  return { state, effects: [...transition.effects, ...effects] };
}

export function roundOf(state: ConsensusState, round: number): RoundState {
  return state.rounds.get(round) ?? EMPTY_ROUND;
}

export function withRound(state: ConsensusState, round: number, change: Partial<RoundState>): ConsensusState {
  return { ...state, rounds: new Map(state.rounds).set(round, { ...roundOf(state, round), ...change }) };
}

export function withCandidate(state: ConsensusState, key: VoteKey, candidate: Candidate): ConsensusState {
  return { ...state, candidates: new Map(state.candidates).set(key, candidate) };
}

/** The block if it is held and the application found it valid: valid(v) of the paper. */
export function isValid(state: ConsensusState, key: VoteKey): boolean {
  return state.candidates.get(key)?.verdict === 'valid';
}

export function ownVote(state: ConsensusState, round: number, type: ConsensusVote['type']): ConsensusVote | undefined {
  if (state.self === undefined) return undefined;
  const { prevotes, precommits } = roundOf(state, round);
  return (type === 'prevote' ? prevotes : precommits).byAuthor.get(state.self)?.[0].vote;
}
