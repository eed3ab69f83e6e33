import type { AuthorityChange, Boundary, ProofOperation, Ruling, SignedOperation, VoteOperation } from '../codec/types.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';

/** Fixed point: 1_000_000 is a reputation of 1. */
export type Reputation = number;

export interface TrainerRecord {
  readonly address: Address;
  /** The first round it had a place in; kept when it leaves and joins again. */
  readonly joinedRound: number;
  readonly reputation: Reputation;
  /** Sum of rewards minted, wei. */
  readonly earned: bigint;
  readonly accepted: number;
  readonly rejected: number;
  /** Sealed in no round since (the round before its first, for a newcomer); dropped from the roster after IDLE_ROUNDS. */
  readonly lastSealedRound: number;
  /**
   * The last round whose proof came to nothing by no fault that was found in it (gate, unproven, undecided); -1 before the first. What
   * the proof of the next round began with was not accepted then, and nobody can hold that one in order.
   */
  readonly lastBlamelessVoid: number;
}

export interface AuthorityRecord {
  readonly address: Address;
  readonly reputation: Reputation;
  readonly earned: bigint;
  /** Last revealed element of the hash chain (the tip at first): the next preimage hashes to it. */
  readonly onion: Hash;
  /** Round of the last reveal; -1 before the first. */
  readonly revealedRound: number;
  /** The same of its second chain, whose preimages are shown with its votes. */
  readonly secretOnion: Hash;
  /** New tips, and the round from which on they are in use. */
  readonly renewal: { readonly round: number; readonly tip: Hash; readonly secretTip: Hash } | undefined;
}

/** Coins at stake, wei. Slashing takes from both parts. */
export interface StakeRecord {
  readonly address: Address;
  readonly bonded: bigint;
  /** Asked back; counts towards no minimum. Zero when nothing was. */
  readonly unbonding: bigint;
  /** The open round from whose end on it can be paid out; 0 when nothing was asked back. */
  readonly unbondsAt: number;
  /** Times it was slashed: the first costs half, the second all. */
  readonly offences: number;
}

/** Wei owed by the protocol, paid in whole gwei by the next ordinary blocks: unbonded stakes, finders' shares. */
export interface Payable {
  readonly address: Address;
  readonly wei: bigint;
}

/** Coins staked by a transaction of the block before, at STAKE_ADDRESS. */
export interface Deposit {
  readonly address: Address;
  readonly wei: bigint;
}

/** A part of a stake asked back by one. */
export interface AskedExit {
  readonly account: Address;
  readonly gwei: bigint;
}

/**
 * How a proof was decided. accepted: paid and merged. fraud: upheld by a quorum. unavailable: more than a third could not get
 * what they had to check. gate: its update raises the loss. unproven: a segment that must be checked has no quorum behind it,
 * or there were more disputes than a round can hold. undecided: no quorum voted.
 */
export type Decision = 'accepted' | 'fraud' | 'unavailable' | 'gate' | 'unproven' | 'undecided';

export interface ProofRecord {
  readonly proof: ProofOperation;
  /** Wei minted for it; set when settled. */
  readonly reward: bigint;
  /** rejected: fraud. void: neither paid nor merged, for one of the other reasons. */
  readonly outcome: 'pending' | 'accepted' | 'rejected' | 'void';
  /** Undefined while pending. */
  readonly decision: Decision | undefined;
}

/** The round that is being trained. */
export interface OpenRound {
  readonly number: number;
  /** Height of the boundary block that opened it (0 for round 0), and of the one that will seal it. */
  readonly openedAt: number;
  readonly sealsAt: number;
  /** Seed of its data assignment. */
  readonly beacon: Hash;
  /** Trainers with a place, ascending by address; slots follow from the beacon. */
  readonly roster: readonly Address[];
  readonly startRoot: Hash;
  /** Proofs seen in blocks so far, ascending by trainer; one each. */
  readonly proofs: readonly ProofOperation[];
  /** Trainers that took their proof back; they make no other in this round. Ascending. */
  readonly withdrawn: readonly Address[];
}

/** The round before it: sealed, being checked. Its deadlines are in timeline.ts. */
export interface SealedRound {
  readonly number: number;
  readonly openedAt: number;
  readonly sealedAt: number;
  readonly beacon: Hash;
  readonly roster: readonly Address[];
  readonly startRoot: Hash;
  /** Ascending by trainer. */
  readonly proofs: readonly ProofOperation[];
  /** Trainers whose every segment must be checked, as of the seal. Ascending. */
  readonly probation: readonly Address[];
  /** Positions of the public draw for each authority, as of the seal. */
  readonly checksPerAuthority: number;
  /** Known from the height sealedAt + reveal_blocks on: the seed of the draw. */
  readonly challengeSeed: Hash | undefined;
  /** Ascending by authority. */
  readonly commits: readonly Commit[];
  /** Ascending by authority. */
  readonly votes: readonly CastVote[];
  /** Opened by the votes at the end of their window; undefined before. Ascending by proof and segment. */
  readonly disputes: readonly Dispute[] | undefined;
  /** Places in `proofs` of those that had a dispute for which the round had no room: void. Ascending. */
  readonly overflowing: readonly number[];
  /** Ascending by authority. */
  readonly rulings: readonly CastRulings[];
}

export interface Commit {
  readonly authority: Address;
  readonly commitment: Hash;
  readonly height: number;
}

/** One authority's opened vote. */
export type CastVote = Omit<VoteOperation, 'type' | 'round'>;

export interface CastRulings {
  readonly authority: Address;
  readonly rulings: readonly Ruling[];
}

/**
 * A segment that every authority re-runs. fraud: somebody's finding. digests: two authorities' differ. unavailable: somebody's
 * finding. unchecked: it must be checked, and nobody found it in order.
 */
export interface Dispute {
  /** Place of the proof in the sealed list. */
  readonly proof: number;
  readonly segment: number;
  readonly reason: 'fraud' | 'digests' | 'unavailable' | 'unchecked';
}

/** How a dispute ended. */
export interface DisputeRecord extends Dispute {
  readonly verdict: 'held' | 'fraud' | 'unavailable' | 'undecided';
  /** Digest of the gradients that a quorum found; undefined without one. */
  readonly digest: Hash | undefined;
  /** Authorities that computed other gradients, with the first inner step that parts from the quorum's: anybody can run that one. */
  readonly divergences: readonly { readonly authority: Address; readonly step: number }[];
}

export interface SlashRecord {
  readonly address: Address;
  readonly reason: 'fraud' | 'false_finding' | 'double_sign';
  /** Wei taken, and the part of them that was given to whoever found it (or to the bounty pool); the rest is burned. */
  readonly wei: bigint;
  readonly rewarded: bigint;
}

/** One authority's standing wish; a quorum of equal ones is carried out. */
export interface AuthorityWish {
  readonly authority: Address;
  /** The open round when it was in a block. */
  readonly round: number;
  readonly change: AuthorityChange;
}

/** A change that a quorum wants: the boundary that opens `round` carries it out. */
export interface ScheduledChange {
  readonly round: number;
  readonly change: AuthorityChange;
}

/** A double signature that was punished: one for each authority and height. */
export interface PunishedOffence {
  readonly authority: Address;
  readonly height: number;
}

/** Everything the learning protocol agrees on. Small; hashed whole into each header. */
export interface ProtocolState {
  readonly height: number;
  readonly beacon: Hash;
  readonly modelRoot: Hash;
  /** The last settled round's number; -1 before the first. */
  readonly settledRound: number;
  readonly open: OpenRound;
  readonly sealed: SealedRound | undefined;
  /** Ascending by address. */
  readonly trainers: readonly TrainerRecord[];
  readonly authorities: readonly AuthorityRecord[];
  /** Wei minted since genesis: rewards, paid out or locked into stakes, and what filled the bounty pool. */
  readonly minted: bigint;
  /** Wei burned since genesis by slashing, by the rules on deposits included. */
  readonly burned: bigint;
  /** Wei for finders of fraud beside their share. */
  readonly bountyPool: bigint;
  /** Ascending by address. */
  readonly stakes: readonly StakeRecord[];
  /** Ascending by address. */
  readonly payables: readonly Payable[];
  /** Wei: the largest reward of the last round that had any; the measure of all minimum stakes. */
  readonly largestReward: bigint;
  /** Positions of the public draw for each authority in the next sealed round: grows and halves with their load. */
  readonly checksPerAuthority: number;
  /** What a quorum of the votes on `round` measured of the model settled when it was sealed; the last such round's. `best`: least loss so far. */
  readonly heldOut: { readonly round: number; readonly loss: number; readonly accuracy: number; readonly best: number } | undefined;
  /** Ascending by authority. */
  readonly authorityWishes: readonly AuthorityWish[];
  /** Ascending by candidate. */
  readonly scheduledChanges: readonly ScheduledChange[];
  /** Ascending by height, then authority; forgotten once evidence of that age is not taken any more. */
  readonly punished: readonly PunishedOffence[];
  /** Trainers that asked to join and have no place yet, ascending. */
  readonly joining: readonly Address[];
  /** Those of `joining` that asked before the open round: they have a place in the next round opened (see roster.ts). */
  readonly eligible: readonly Address[];
}

export interface Withdrawal {
  readonly address: Address;
  readonly gwei: bigint;
}

/** A reward, and where its coins went: what is neither locked nor left unminted was paid out by the settling block. */
export interface PaymentRecord {
  readonly address: Address;
  readonly role: 'trainer' | 'authority';
  /** All of it. */
  readonly wei: bigint;
  /** Locked into the account's stake, which was under its minimum. */
  readonly locked: bigint;
  /** Not minted: it would have been locked, and the table of stakes was full. */
  readonly unminted: bigint;
}

/** A finder's share of what was taken from an offender, in whole gwei as it is owed. */
export interface BountyRecord {
  readonly address: Address;
  readonly offender: Address;
  readonly wei: bigint;
}

/** What a settled round came to: kept by the chain for explorers, announced to the interested. No hash covers it; it follows from the state before. */
export interface SettledRound {
  readonly round: number;
  /** Of the boundary block that settled it. */
  readonly height: number;
  readonly proofs: readonly ProofRecord[];
  readonly votes: readonly CastVote[];
  readonly challengeSeed: Hash | undefined;
  readonly disputes: readonly DisputeRecord[];
  readonly slashes: readonly SlashRecord[];
  /** Millionths of the scheduled emission that the held-out improvement allowed. */
  readonly emissionFactor: number;
  /** Wei that an authority with all its segments checked was due; ascending by authority, what each got (paid or locked). */
  readonly authorityReward: bigint;
  readonly authorityRewards: readonly { readonly authority: Address; readonly wei: bigint }[];
  /** Of all that had a seat and voted, ascending: segments dealt and disputes decided, and those of them that were done and stand. */
  readonly authorityWork: readonly { readonly authority: Address; readonly wanted: number; readonly done: number }[];
  /** Trainers ascending, then authorities ascending; nothing for a reward of zero. */
  readonly payments: readonly PaymentRecord[];
  /** In the order of the slashes. */
  readonly bounties: readonly BountyRecord[];
  /** Wei minted into the bounty pool. */
  readonly bountyShare: bigint;
}

export interface ProtocolInput {
  readonly height: number;
  readonly operations: readonly SignedOperation[];
  /** Present exactly in boundary blocks. */
  readonly boundary: Boundary | undefined;
  /**
   * What was staked in the execution block of the parent, in the order of its transactions. Of the parent: what a
   * block's own transactions do is known only once its protocol state is.
   */
  readonly deposits: readonly Deposit[];
  /** What was asked back through the stake contract in the same block, in order. One that cannot be is passed over: it has cost its gas. */
  readonly exits?: readonly AskedExit[];
}

export interface ProtocolOutput {
  readonly state: ProtocolState;
  readonly withdrawals: readonly Withdrawal[];
  readonly settled: SettledRound | undefined;
  /** Wei burned by this block. */
  readonly burned: bigint;
}
