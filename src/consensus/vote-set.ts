import type { ConsensusVote } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';

/** What a vote is for, as a map key: the block hash in hexadecimal, or nil. */
export type VoteKey = string;

export const NIL: VoteKey = 'nil';

export function voteKey(blockHash: Hash | undefined): VoteKey {
  return blockHash === undefined ? NIL : toHex(blockHash);
}

/** A vote with what it is for. */
export interface HeldVote {
  readonly vote: ConsensusVote;
  readonly key: VoteKey;
}

/**
 * Votes of one type, height and round, by the author's index; the first one of each author leads. More than one is held
 * of an author that contradicts itself: a quorum for a block is a quorum whoever else heard what from its members, and
 * ignoring the vote would let a double voter make honest authorities disbelieve each other's justifications.
 */
export type VoteSet = ReadonlyMap<number, readonly [HeldVote, ...HeldVote[]]>;

export const NO_VOTES: VoteSet = new Map();

export function withVote(set: VoteSet, authority: number, vote: ConsensusVote): VoteSet {
  const held = { vote, key: voteKey(vote.blockHash) };
  const before = set.get(authority);
  return new Map(set).set(authority, before === undefined ? [held] : [...before, held]);
}

/** Authorities that voted for `key`, whatever else they voted for. */
export function countFor(set: VoteSet, key: VoteKey): number {
  let count = 0;
  for (const held of set.values()) if (held.some((entry) => entry.key === key)) count++;
  return count;
}

/** The votes for `key`, or the first of each author, by authorities in ascending order. */
export function votesOf(set: VoteSet, key?: VoteKey): readonly ConsensusVote[] {
  return [...set]
    .sort(([a], [b]) => a - b)
    .flatMap(([, held]) => (key === undefined ? [held[0]] : held.filter((entry) => entry.key === key)))
    .map((entry) => entry.vote);
}

/** The blocks voted for, nil left out. */
export function blocksOf(set: VoteSet): ReadonlySet<VoteKey> {
  const keys = new Set([...set.values()].flatMap((held) => held.map((entry) => entry.key)));
  keys.delete(NIL);
  return keys;
}
