import type { ConsensusMessage } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { leftByQuorum } from './rounds.ts';
import { speakers } from './rules.ts';
import { type ConsensusState, ownVote, roundOf } from './state.ts';
import type { ConsensusEffect } from './types.ts';
import { voteKey, votesOf } from './vote-set.ts';

/**
 * What a node says again while a height is undecided. The paper assumes that whatever one honest process received the
 * others receive too (section 2.1, gossip communication); a network that lost messages gets that back by these four:
 * 1. the own messages of this round and the one before, which some may still be in;
 * 2. what let this node enter its round, so that those behind can follow;
 * 3. the own messages of the round of the valid block, its proposal and the prevotes that justify it;
 * 4. the proposal of this round, whoever made it: its author may be gone.
 */
export function resend(state: ConsensusState): readonly ConsensusEffect[] {
  const messages = new Set<ConsensusMessage>([
    ...ownMessages(state, state.round),
    ...ownMessages(state, state.round - 1),
    ...entrance(state),
    ...validMessages(state),
    ...proposals(state, state.round),
  ]);
  const unique = new Map([...messages].map((message) => [identity(message), message]));
  return unique.size === 0 ? [] : [{ type: 'resend', messages: [...unique.values()] }];
}

function ownMessages(state: ConsensusState, round: number): readonly ConsensusMessage[] {
  const votes = [ownVote(state, round, 'prevote'), ownVote(state, round, 'precommit')].filter((vote) => vote !== undefined);
  const isProposer = round >= 0 && state.self === (state.height + round) % state.options.authorities.length;
  return [...(isProposer ? proposals(state, round) : []), ...votes.map((vote) => ({ kind: 'vote' as const, vote }))];
}

/** Line 65 or line 55: the precommits that ended the round before, or the messages that made this node skip to its round. */
function entrance(state: ConsensusState): readonly ConsensusMessage[] {
  if (state.round === 0 || state.self === undefined) return [];
  if (leftByQuorum(state)) return votesOf(roundOf(state, state.round - 1).precommits).map((vote) => ({ kind: 'vote', vote }));
  // One message of each speaker is enough to be counted.
  const { prevotes, precommits } = roundOf(state, state.round);
  const latest = new Map([...prevotes.byAuthor, ...precommits.byAuthor]);
  return [...speakers(state, state.round)].flatMap((author) => {
    const vote = latest.get(author)?.[0].vote;
    return vote === undefined ? [] : [{ kind: 'vote' as const, vote }];
  });
}

function validMessages(state: ConsensusState): readonly ConsensusMessage[] {
  const { validRound, justification } = state.lock;
  if (validRound === undefined || state.self === undefined) return [];
  return [
    ...proposals(state, validRound),
    ...ownMessages(state, validRound),
    ...justification.map((vote) => ({ kind: 'vote' as const, vote })),
  ];
}

function proposals(state: ConsensusState, round: number): readonly ConsensusMessage[] {
  const proposal = roundOf(state, round).proposal?.proposal;
  return proposal === undefined || state.self === undefined ? [] : [{ kind: 'proposal', proposal }];
}

function identity(message: ConsensusMessage): string {
  if (message.kind === 'proposal') return `proposal/${message.proposal.round}`;
  const { type, round, blockHash, authority } = message.vote;
  return `${type}/${round}/${toHex(authority)}/${voteKey(blockHash)}`;
}
