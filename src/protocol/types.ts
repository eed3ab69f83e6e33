import type { Boundary, ProofOperation, SignedOperation, Verdict } from '../codec/types.ts';
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
}

export interface AuthorityRecord {
  readonly address: Address;
  readonly reputation: Reputation;
  readonly earned: bigint;
  /** Last revealed element of the hash chain (the tip at first): the next preimage hashes to it. */
  readonly onion: Hash;
  /** Round of the last reveal; -1 before the first. */
  readonly revealedRound: number;
}

export interface ProofRecord {
  readonly proof: ProofOperation;
  /** Wei minted for it; set when settled. */
  readonly reward: bigint;
  readonly outcome: 'pending' | 'accepted' | 'rejected' | 'void';
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
}

/** The round before it: sealed, being checked. */
export interface SealedRound {
  readonly number: number;
  readonly openedAt: number;
  readonly sealedAt: number;
  readonly beacon: Hash;
  readonly roster: readonly Address[];
  readonly startRoot: Hash;
  /** Ascending by trainer. */
  readonly proofs: readonly ProofOperation[];
  /** Known from the height sealedAt + reveal_blocks on: the seed of the challenges. */
  readonly challengeSeed: Hash | undefined;
  /** Ascending by authority. */
  readonly votes: readonly CastVote[];
}

/** What one authority found in the sealed round. */
export interface CastVote {
  readonly authority: Address;
  readonly verdicts: readonly Verdict[];
  readonly heldOutLoss: number;
  readonly heldOutAccuracy: number;
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
  /** Wei minted since genesis (protocol rewards only). */
  readonly minted: bigint;
  /** What a quorum of the votes on `round` measured of the model settled when it was sealed; the last such round's. */
  readonly heldOut: { readonly round: number; readonly loss: number; readonly accuracy: number } | undefined;
  /** Trainers that asked to join and have no place yet, ascending. */
  readonly joining: readonly Address[];
  /** Those of `joining` that asked before the open round: they have a place in the next round opened (see roster.ts). */
  readonly eligible: readonly Address[];
}

export interface Withdrawal {
  readonly address: Address;
  readonly gwei: bigint;
}

/** What a settled round came to: kept by the chain for explorers, announced to the interested. */
export interface SettledRound {
  readonly round: number;
  readonly proofs: readonly ProofRecord[];
  readonly votes: readonly CastVote[];
  readonly challengeSeed: Hash | undefined;
  /** Wei minted for each authority whose vote agreed with the outcome. */
  readonly authorityReward: bigint;
}

export interface ProtocolInput {
  readonly height: number;
  readonly operations: readonly SignedOperation[];
  /** Present exactly in boundary blocks. */
  readonly boundary: Boundary | undefined;
}

export interface ProtocolOutput {
  readonly state: ProtocolState;
  readonly withdrawals: readonly Withdrawal[];
  readonly settled: SettledRound | undefined;
}
