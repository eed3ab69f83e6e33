import type { Hash } from '../primitives/hash.ts';
import type { Address, Signature } from '../primitives/keys.ts';

/** Everything hashed, signed or sent. Encoded as canonical RLP by this folder; byte order of lists is part of the format. */

/** What an authority found about one proof after checking its challenged segments. */
export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'unavailable' }
  /** `segment` re-executed to another state root, or the update is not the one its last leaf binds. */
  | { readonly kind: 'fraud'; readonly segment: number }
  /** The round ended before the authority came to it: says nothing about the proof. */
  | { readonly kind: 'unchecked' };

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

/** One authority's verdicts on all sealed proofs of a round. */
export interface VoteOperation {
  readonly type: 'vote';
  readonly authority: Address;
  readonly round: number;
  /** In the order of the sealed list. */
  readonly verdicts: readonly Verdict[];
  /** Held-out loss (nats a token) and accuracy of the model settled when `round` was sealed: exact, so equal among honest authorities. */
  readonly heldOutLoss: number;
  readonly heldOutAccuracy: number;
}

/** An operation of the learning protocol. */
export type Operation = JoinOperation | ProofOperation | RevealOperation | VoteOperation;

/** Signed by its `trainer` or `authority`: secp256k1 over taggedHash('pol/operation/1', genesisHash, rlp(operation)). */
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
