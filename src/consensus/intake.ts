import { blockContentHash, headerHash } from '../codec/blocks.ts';
import type { ConsensusMessage, ConsensusVote, Proposal } from '../codec/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { proposerOf } from './authorities.ts';
import { BODIES_PER_BLOCK_AND_ROUND, FUTURE_ROUNDS_PER_AUTHORITY, MAX_ROUND } from './limits.ts';
import { isKeptRound } from './rounds.ts';
import { speakers } from './rules.ts';
import { type Candidate, type ConsensusState, roundOf, type Transition, unchanged, withCandidate, withRound } from './state.ts';
import type { ConsensusEffect } from './types.ts';
import { voteKey, withoutAuthor, withVote } from './vote-set.ts';

/** Author, height and round of a message. */
export function placeOf(message: ConsensusMessage): { readonly authority: Address; readonly height: number; readonly round: number } {
  return message.kind === 'vote' ? message.vote : message.proposal;
}

/**
 * Why no honest authority can have sent a message, whatever the state; undefined when one can. The signature is not
 * looked at.
 */
export function misplaced(message: ConsensusMessage, authorities: readonly Address[]): string | undefined {
  const { authority, height, round } = placeOf(message);
  // 1. An authority wrote it, for a round there can be.
  if (!authorities.some((member) => equalBytes(member, authority))) return 'the author is no authority';
  if (round > MAX_ROUND) return 'the round is out of range';
  if (message.kind === 'vote') return undefined;
  const { block, validRound } = message.proposal;
  // 2. A proposal comes from the authority whose turn it is, and is about its height.
  if (!equalBytes(authority, proposerOf(authorities, height, round))) return 'it is not the author’s turn to propose';
  if (block.header.height !== height) return 'the block belongs to another height';
  // 3. A new block is the proposer's own; an old one was justified in an earlier round.
  if (validRound === undefined && !equalBytes(block.header.proposer, authority)) return 'the new block names another proposer';
  if (validRound !== undefined && validRound >= round) return 'the valid round is not an earlier one';
  return undefined;
}

/** True when the state holds this very message, so that its signature need not be checked again. */
export function isKnown(state: ConsensusState, message: ConsensusMessage): boolean {
  const { authority, height, round } = placeOf(message);
  const author = state.index.get(toHex(authority));
  const held = state.rounds.get(round);
  if (height !== state.height || author === undefined || held === undefined) return false;
  if (message.kind === 'proposal') {
    const proposal = held.proposal?.proposal;
    return proposal !== undefined && state.candidates.get(held.proposal?.key ?? '')?.verdict !== 'invalid'
      ? equalBytes(proposal.signature, message.proposal.signature)
      : false;
  }
  const { vote } = message;
  const known = (vote.type === 'prevote' ? held.prevotes : held.precommits).byAuthor.get(author) ?? [];
  return known.some((entry) => entry.key === voteKey(vote.blockHash) && equalBytes(entry.vote.signature, vote.signature));
}

/**
 * Takes a message of the current height whose signature was checked. The first of each author and place is kept; of a
 * double voter also the votes for other blocks held here.
 */
export function onMessage(state: ConsensusState, message: ConsensusMessage): Transition {
  const { authority, height, round } = placeOf(message);
  const author = state.index.get(toHex(authority));
  if (height !== state.height || author === undefined || misplaced(message, state.options.authorities) !== undefined) {
    return unchanged(state);
  }
  if (round < state.round && !isKeptRound(state, round)) return unchanged(state);
  const roomy = round > state.round ? makeRoom(state, author, round) : state;
  if (roomy === undefined) return unchanged(state);
  return message.kind === 'vote' ? takeVote(roomy, author, message.vote) : takeProposal(roomy, author, message.proposal);
}

/**
 * Bounds what one authority can have kept in later rounds: a newer round pushes out its oldest one. Undefined when the
 * message is older than all that is kept of its author.
 */
function makeRoom(state: ConsensusState, author: number, round: number): ConsensusState | undefined {
  const spokenIn = [...state.rounds.keys()].filter((other) => other > state.round && speakers(state, other).has(author));
  if (spokenIn.includes(round) || spokenIn.length < FUTURE_ROUNDS_PER_AUTHORITY) return state;
  const oldest = Math.min(...spokenIn);
  return oldest < round ? forgetAuthor(state, author, oldest) : undefined;
}

function forgetAuthor(state: ConsensusState, author: number, round: number): ConsensusState {
  const { proposal, prevotes, precommits } = roundOf(state, round);
  const isProposer = (state.height + round) % state.options.authorities.length === author;
  const rest = withRound(state, round, {
    prevotes: withoutAuthor(prevotes, author),
    precommits: withoutAuthor(precommits, author),
    proposal: isProposer ? undefined : proposal,
  });
  if (speakers(rest, round).size > 0) return rest;
  const rounds = new Map(rest.rounds);
  rounds.delete(round);
  return { ...rest, rounds };
}

function takeVote(state: ConsensusState, author: number, vote: ConsensusVote): Transition {
  const round = roundOf(state, vote.round);
  const set = vote.type === 'prevote' ? round.prevotes : round.precommits;
  const held = set.byAuthor.get(author);
  const key = voteKey(vote.blockHash);
  const grow = (to: ConsensusState) => {
    const grown = withVote(set, author, vote);
    return withRound(to, vote.round, vote.type === 'prevote' ? { prevotes: grown } : { precommits: grown });
  };
  if (held === undefined) return unchanged(grow(state));
  if (held.some((entry) => entry.key === key)) return unchanged(state);
  const evidence = { first: { kind: 'vote', vote: held[0].vote }, second: { kind: 'vote', vote } } as const;
  const accused = accuse(state, vote.round, `${author}/${vote.type}`, evidence);
  // Bounded by the blocks held: votes for anything else cannot matter yet, and come again when they do.
  return state.candidates.has(key) ? { ...accused, state: grow(accused.state) } : accused;
}

function takeProposal(state: ConsensusState, author: number, proposal: Proposal): Transition {
  const blockHash = headerHash(proposal.block.header);
  const key = voteKey(blockHash);
  const { proposal: first } = roundOf(state, proposal.round);
  if (first === undefined) {
    const held = withRound(state, proposal.round, { proposal: { proposal, blockHash, key } });
    return unchanged(withBody(held, proposal));
  }
  if (equalBytes(first.proposal.signature, proposal.signature)) return unchanged(withBody(state, proposal));
  const same =
    first.key === key &&
    first.proposal.validRound === proposal.validRound &&
    equalBytes(blockContentHash(first.proposal.block), blockContentHash(proposal.block));
  if (same) return unchanged(state);
  const evidence = { first: { kind: 'proposal', proposal: first.proposal }, second: { kind: 'proposal', proposal } } as const;
  const accused = accuse(state, proposal.round, `${author}/proposal`, evidence);
  return first.key === key ? { ...accused, state: withBody(accused.state, proposal) } : accused;
}

/** Adds the block to the candidates, or puts it in the place of a body under the same header that was refused. */
function withBody(state: ConsensusState, { block }: Proposal): ConsensusState {
  const blockHash = headerHash(block.header);
  const key = voteKey(blockHash);
  const known = state.candidates.get(key);
  const fresh: Candidate = { blockHash, block, verdict: 'unknown', askedInRound: state.round, bodies: 1 };
  if (known === undefined) return withCandidate(state, key, fresh);
  if (known.verdict !== 'invalid') return state;
  if (known.block !== undefined && equalBytes(blockContentHash(known.block), blockContentHash(block))) return state;
  const bodies = known.askedInRound === state.round ? known.bodies + 1 : 1;
  return bodies > BODIES_PER_BLOCK_AND_ROUND ? state : withCandidate(state, key, { ...fresh, bodies });
}

/** Reports a second, different message once for each author, round and kind. */
function accuse(
  state: ConsensusState,
  round: number,
  name: string,
  evidence: { readonly first: ConsensusMessage; readonly second: ConsensusMessage },
): Transition {
  const { accused } = roundOf(state, round);
  if (accused.has(name)) return unchanged(state);
  const effects: ConsensusEffect[] = [{ type: 'evidence', ...evidence }];
  return { state: withRound(state, round, { accused: new Set(accused).add(name) }), effects };
}
