import type { Hash } from '../primitives/hash.ts';
import type { Address, Signature } from '../primitives/keys.ts';

/** Everything hashed, signed or sent. Encoded as canonical RLP by this folder; byte order of lists is part of the format. */

/** Asks for a place among the trainers, from the next round opened on. */
export interface JoinOperation {
  readonly type: 'join';
  readonly trainer: Address;
  /** The round it was written in; it is void two rounds later, so an old one cannot be replayed. */
  readonly round: number;
}

/** A proof of learning: a commitment to one trainer's work in one round. */
export interface ProofOperation {
  readonly type: 'proof';
  readonly trainer: Address;
  readonly round: number;
  /** Segments claimed, k ≥ 1. */
  readonly segments: number;
  /** Tokens trained on; fixed by k and the genesis, stated for the reader. */
  readonly tokens: number;
  /** Merkle root over the k+1 leaves 0…k. */
  readonly leavesRoot: Hash;
  /** SHA-256 of the encoded update. */
  readonly updateHash: Hash;
  readonly updateBytes: number;
  /** Mean training loss over the claimed steps, f32; information only, the verifier recomputes what matters. */
  readonly loss: number;
}

/** The next preimage of an authority's hash chain. */
export interface RevealOperation {
  readonly type: 'reveal';
  readonly authority: Address;
  readonly round: number;
  readonly preimage: Hash;
}

/** Takes the author's proof of the open round back: no pay, no penalty, and no second proof in that round. */
export interface WithdrawOperation {
  readonly type: 'withdraw';
  readonly trainer: Address;
  readonly round: number;
}

/** Binds an authority to its vote before anybody's vote is public: H('pol/vote-commitment/1', vote operation). */
export interface CommitOperation {
  readonly type: 'commit';
  readonly authority: Address;
  readonly round: number;
  readonly commitment: Hash;
}

/**
 * Where a re-executed segment parts from its proof. start: leaf 0 is not the known start of the round. state: the segment
 * leads to another state than its end leaf names. update: the last state is right, and the update is not the one it gives.
 */
export type Fault = 'start' | 'state' | 'update';

/** What an authority found about one segment dealt to it. */
export type Finding =
  /** It re-executes to its end leaf; `digest` is that of the gradients inside it (see Ruling.steps), which its trainer never published. */
  | { readonly kind: 'ok'; readonly digest: Hash }
  | { readonly kind: 'fraud'; readonly fault: Fault }
  /** Nobody served what re-executing it needs. */
  | { readonly kind: 'unavailable' }
  /** The time was up before the authority came to it: says nothing. */
  | { readonly kind: 'unchecked' };

/** One authority's opened vote on a sealed round. */
export interface VoteOperation {
  readonly type: 'vote';
  readonly authority: Address;
  readonly round: number;
  /** Next element of its second hash chain: draws its secret segment, and blinds the commitment. */
  readonly secretPreimage: Hash;
  /** One for each segment dealt to it, in the order of the deal (protocol/draw.ts). */
  readonly findings: readonly Finding[];
  /** Loss (nats a token) of the round's start weights on the gate batch; undefined when there was no time for it. */
  readonly gateBaseline: number | undefined;
  /** The same after each sealed proof's update alone, in the order of the sealed list. */
  readonly gateLosses: readonly (number | undefined)[];
  /** Held-out loss (nats a token) and accuracy of the model settled when `round` was sealed: exact, so equal among honest authorities. */
  readonly heldOutLoss: number;
  readonly heldOutAccuracy: number;
}

interface DisputedSegment {
  /** Place of the proof in the sealed list. */
  readonly proof: number;
  readonly segment: number;
}

/** What an authority found when it re-ran a disputed segment. `steps`: digest of each inner step's gradient. */
export type Ruling = DisputedSegment &
  (
    | { readonly kind: 'held'; readonly steps: readonly Hash[] }
    /** `steps`: as far as the segment could be run. */
    | { readonly kind: 'fraud'; readonly fault: Fault; readonly steps: readonly Hash[] }
    | { readonly kind: 'unavailable' }
  );

/** One authority's rulings on the disputes of a sealed round. */
export interface RulingOperation {
  readonly type: 'ruling';
  readonly authority: Address;
  readonly round: number;
  /** On disputed segments, ascending by proof and segment, each once; those not named are not ruled on. */
  readonly rulings: readonly Ruling[];
}

/** Asks for a part of the author's stake back. */
export interface ExitOperation {
  readonly type: 'exit';
  readonly account: Address;
  /** The round it was written in; it is void two rounds later. */
  readonly round: number;
  readonly gwei: bigint;
}

/** What a proposal's signature covers (codec/proposals.ts), and the signature: enough to convict without the block. */
export interface ProposalClaim {
  readonly height: number;
  readonly round: number;
  readonly validRound: number | undefined;
  readonly blockHash: Hash;
  readonly contentHash: Hash;
  readonly authority: Address;
  readonly signature: Signature;
}

/** A signed statement of block consensus. */
export type ConsensusStatement =
  | { readonly kind: 'vote'; readonly vote: ConsensusVote }
  | { readonly kind: 'proposal'; readonly proposal: ProposalClaim };

/** Two statements of one authority for one place in block consensus that exclude each other. */
export interface EvidenceOperation {
  readonly type: 'evidence';
  readonly reporter: Address;
  /** The round it was written in. */
  readonly round: number;
  readonly first: ConsensusStatement;
  readonly second: ConsensusStatement;
}

/** A change of the authority set. */
export type AuthorityChange =
  /** With the tips of its two hash chains. */
  | { readonly kind: 'add'; readonly candidate: Address; readonly tip: Hash; readonly secretTip: Hash }
  | { readonly kind: 'remove'; readonly candidate: Address };

export interface AuthorityVoteOperation {
  readonly type: 'authority_vote';
  readonly authority: Address;
  readonly round: number;
  readonly change: AuthorityChange;
}

/** New hash chains for an authority, in use two rounds later. */
export interface RenewOperation {
  readonly type: 'renew';
  readonly authority: Address;
  readonly round: number;
  readonly tip: Hash;
  readonly secretTip: Hash;
}

/** An operation of the learning protocol. */
export type Operation =
  | JoinOperation
  | ProofOperation
  | WithdrawOperation
  | RevealOperation
  | CommitOperation
  | VoteOperation
  | RulingOperation
  | ExitOperation
  | EvidenceOperation
  | AuthorityVoteOperation
  | RenewOperation;

/** Signed by its author (`operationAuthor`): secp256k1 over taggedHash('pol/operation/2', genesisHash, rlp(operation)). */
export interface SignedOperation<O extends Operation = Operation> {
  readonly operation: O;
  readonly signature: Signature;
}

/** What a boundary block adds: the proposer's list of proofs whose updates it holds, and the models that follow. */
export interface Boundary {
  /** Trainers of the sealed proofs, ascending. */
  readonly sealed: readonly Address[];
  /** Root of the settled model (weights and outer momentum). */
  readonly modelRoot: Hash;
  /** Root of the weights that the round now opening starts from. */
  readonly startRoot: Hash;
  /** Whose signatures finalise the blocks after this one, ascending; present exactly when the set changes here. */
  readonly authorities: readonly Address[] | undefined;
}

export interface Header {
  readonly height: number;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly proposer: Address;
  /** Hash of the parent header; the genesis hash at height 1. */
  readonly parentHash: Hash;
  /** Hash of the execution block (keccak-256 of its Ethereum header). */
  readonly executionHash: Hash;
  /** Hash over the encoded operations and boundary. */
  readonly bodyHash: Hash;
  /** Root of the protocol state after this block. */
  readonly protocolRoot: Hash;
  /** Hash of the authority set whose signatures finalise the next block: headers alone lead a light client over its changes. */
  readonly nextAuthorities: Hash;
}

export interface Block {
  readonly header: Header;
  readonly operations: readonly SignedOperation[];
  readonly boundary: Boundary | undefined;
  /** RLP of the Ethereum block, withdrawals included. */
  readonly execution: Uint8Array;
}

/** Proof of finality: precommits of one height and round by 67 % of the authorities. */
export interface Certificate {
  readonly height: number;
  readonly round: number;
  readonly blockHash: Hash;
  /** By authorities in ascending order of address, each once. */
  readonly signatures: readonly { readonly authority: Address; readonly signature: Signature }[];
}

export interface FinalBlock {
  readonly block: Block;
  readonly certificate: Certificate;
}

/** What a light client needs of a final block. */
export interface CertifiedHeader {
  readonly header: Header;
  readonly certificate: Certificate;
}

/** prevote or precommit; blockHash undefined is a vote for nil. */
export interface ConsensusVote {
  readonly type: 'prevote' | 'precommit';
  readonly height: number;
  readonly round: number;
  readonly blockHash: Hash | undefined;
  readonly authority: Address;
  readonly signature: Signature;
}

export interface Proposal {
  readonly height: number;
  readonly round: number;
  /** The round of the prevote quorum that justifies proposing this block again; undefined for a new block. */
  readonly validRound: number | undefined;
  readonly block: Block;
  readonly authority: Address;
  readonly signature: Signature;
}

export type ConsensusMessage =
  | { readonly kind: 'proposal'; readonly proposal: Proposal }
  | { readonly kind: 'vote'; readonly vote: ConsensusVote };

/** One opened segment of a proof, i → i+1: the contents of both leaves with their Merkle paths. */
export interface Opening {
  readonly segment: number;
  /** Root of the state the segment starts from (leaf `segment`), and of the one it claims to end in. */
  readonly startState: Hash;
  readonly endState: Hash;
  /** Sibling hashes from leaf to root. */
  readonly startPath: readonly Hash[];
  readonly endPath: readonly Hash[];
}
