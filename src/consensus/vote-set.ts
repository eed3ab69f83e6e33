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
export interface VoteSet {
  readonly byAuthor: ReadonlyMap<number, readonly [HeldVote, ...HeldVote[]]>;
  /** Authors of a vote for each key: kept along, since every rule asks for it on every message. */
  readonly counts: ReadonlyMap<VoteKey, number>;
}

export const NO_VOTES: VoteSet = { byAuthor: new Map(), counts: new Map() };

/** Adds a vote that its author has not cast before. */
export function withVote(set: VoteSet, author: number, vote: ConsensusVote): VoteSet {
  const held = { vote, key: voteKey(vote.blockHash) };
  const before = set.byAuthor.get(author);
  return {
    byAuthor: new Map(set.byAuthor).set(author, before === undefined ? [held] : [...before, held]),
    counts: new Map(set.counts).set(held.key, countFor(set, held.key) + 1),
  };
}

export function withoutAuthor(set: VoteSet, author: number): VoteSet {
  const byAuthor = new Map(set.byAuthor);
  byAuthor.delete(author);
  const counts = new Map(set.counts);
  for (const { key } of set.byAuthor.get(author) ?? []) counts.set(key, countFor(set, key) - 1);
  return { byAuthor, counts };
}

/** Authorities that voted, for anything. */
export function countAll(set: VoteSet): number {
  return set.byAuthor.size;
}

/** Authorities that voted for `key`, whatever else they voted for. */
export function countFor(set: VoteSet, key: VoteKey): number {
  return set.counts.get(key) ?? 0;
}

/** The votes for `key`, or the first of each author, by authorities in ascending order. */
export function votesOf(set: VoteSet, key?: VoteKey): readonly ConsensusVote[] {
  return [...set.byAuthor]
    .sort(([a], [b]) => a - b)
    .flatMap(([, held]) => (key === undefined ? [held[0]] : held.filter((entry) => entry.key === key)))
    .map((entry) => entry.vote);
}
