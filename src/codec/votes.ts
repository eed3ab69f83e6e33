import { type Hash, taggedHash } from '../primitives/hash.ts';
import { type SignatureCheck, type Signer, verifySignature } from '../primitives/keys.ts';
import { MAX_VOTE_BYTES } from './limits.ts';
import { address, codec, hash, oneOf, optional, type Shape, signature, struct, uint } from './shape.ts';
import type { ConsensusVote } from './types.ts';

/** The kind is in the domain: a prevote's signature can never serve as a precommit. */
const VOTE_DOMAINS = { prevote: 'pol/consensus/prevote/1', precommit: 'pol/consensus/precommit/1' } as const;

export const voteShape: Shape<ConsensusVote> = struct<ConsensusVote>({
  type: oneOf({ prevote: 1, precommit: 2 }),
  height: uint,
  round: uint,
  blockHash: optional(hash),
  authority: address,
  signature,
});

export const { encode: encodeConsensusVote, decode: decodeConsensusVote } = codec('vote', voteShape, MAX_VOTE_BYTES);

type VotePlace = Pick<ConsensusVote, 'height' | 'round' | 'blockHash'>;
const placeShape: Shape<VotePlace> = struct<VotePlace>({ height: uint, round: uint, blockHash: optional(hash) });
const { encode: encodePlace } = codec('vote', placeShape, MAX_VOTE_BYTES);

/** What a vote signs: its kind, the network, and RLP([height, round, block or nil]). */
export function voteDigest(genesisHash: Hash, vote: Pick<ConsensusVote, 'type' | 'height' | 'round' | 'blockHash'>): Hash {
  return taggedHash(VOTE_DOMAINS[vote.type], genesisHash, encodePlace(vote));
}

export function signVote(vote: Omit<ConsensusVote, 'signature'>, genesisHash: Hash, signer: Signer): ConsensusVote {
  return { ...vote, signature: signer.sign(voteDigest(genesisHash, vote)) };
}

/** True when `vote.authority` signed it for this network. Whether that is an authority is the caller's to check. */
export function verifyVote(vote: ConsensusVote, genesisHash: Hash, isSignedBy: SignatureCheck = verifySignature): boolean {
  return isSignedBy(voteDigest(genesisHash, vote), vote.signature, vote.authority);
}
