import type { Hash } from '../primitives/hash.ts';
import { type SignatureCheck, type Signer, verifySignature } from '../primitives/keys.ts';
import { blockContentHash, blockShape, headerHash } from './blocks.ts';
import { MAX_CONSENSUS_MESSAGE_BYTES } from './limits.ts';
import { proposalPlaceDigest } from './proposals.ts';
import { address, codec, optional, type Shape, signature, struct, uint, union } from './shape.ts';
import type { ConsensusMessage, Proposal, ProposalClaim } from './types.ts';
import { voteShape } from './votes.ts';

const proposalShape: Shape<Proposal> = struct<Proposal>({
  height: uint,
  round: uint,
  validRound: optional(uint),
  block: blockShape,
  authority: address,
  signature,
});

const messageShape: Shape<ConsensusMessage> = union<ConsensusMessage, 'kind'>('kind', {
  proposal: { tag: 1, fields: { proposal: proposalShape } },
  vote: { tag: 2, fields: { vote: voteShape } },
});

export const { encode: encodeProposal, decode: decodeProposal } = codec('proposal', proposalShape, MAX_CONSENSUS_MESSAGE_BYTES);
export const { encode: encodeConsensusMessage, decode: decodeConsensusMessage } = codec(
  'consensusMessage',
  messageShape,
  MAX_CONSENSUS_MESSAGE_BYTES,
);

/** The proposal without its block: what evidence of a double proposal holds. */
export function proposalClaim(proposal: Proposal): ProposalClaim {
  const { height, round, validRound, block, authority, signature } = proposal;
  return { height, round, validRound, blockHash: headerHash(block.header), contentHash: blockContentHash(block), authority, signature };
}

/** What a proposal signs (codec/proposals.ts). */
export function proposalDigest(genesisHash: Hash, proposal: Omit<Proposal, 'signature' | 'authority'>): Hash {
  const { height, round, validRound, block } = proposal;
  const place = { height, round, validRound, blockHash: headerHash(block.header), contentHash: blockContentHash(block) };
  return proposalPlaceDigest(genesisHash, place);
}

export function signProposal(proposal: Omit<Proposal, 'signature'>, genesisHash: Hash, signer: Signer): Proposal {
  return { ...proposal, signature: signer.sign(proposalDigest(genesisHash, proposal)) };
}

/** True when `proposal.authority` signed it, block and all, for this network. Whether it may propose is the caller's to check. */
export function verifyProposal(proposal: Proposal, genesisHash: Hash, isSignedBy: SignatureCheck = verifySignature): boolean {
  return isSignedBy(proposalDigest(genesisHash, proposal), proposal.signature, proposal.authority);
}
