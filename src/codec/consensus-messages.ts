import { type Hash, taggedHash } from '../primitives/hash.ts';
import { type SignatureCheck, type Signer, verifySignature } from '../primitives/keys.ts';
import { blockContentHash, blockShape, headerHash } from './blocks.ts';
import { MAX_CONSENSUS_MESSAGE_BYTES, MAX_VOTE_BYTES } from './limits.ts';
import { address, codec, hash, optional, type Shape, signature, struct, uint, union } from './shape.ts';
import type { ConsensusMessage, Proposal } from './types.ts';
import { voteShape } from './votes.ts';

const PROPOSAL_DOMAIN = 'pol/consensus/proposal/1';

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

interface ProposalPlace extends Pick<Proposal, 'height' | 'round' | 'validRound'> {
  readonly blockHash: Hash;
  readonly contentHash: Hash;
}
const { encode: encodePlace } = codec(
  'proposal',
  struct<ProposalPlace>({ height: uint, round: uint, validRound: optional(uint), blockHash: hash, contentHash: hash }),
  MAX_VOTE_BYTES,
);

/** What a proposal signs: the network, height, round, valid round, the block's hash and, beyond the header, all its bytes. */
export function proposalDigest(genesisHash: Hash, proposal: Omit<Proposal, 'signature' | 'authority'>): Hash {
  const { height, round, validRound, block } = proposal;
  const place = { height, round, validRound, blockHash: headerHash(block.header), contentHash: blockContentHash(block) };
  return taggedHash(PROPOSAL_DOMAIN, genesisHash, encodePlace(place));
}

export function signProposal(proposal: Omit<Proposal, 'signature'>, genesisHash: Hash, signer: Signer): Proposal {
  return { ...proposal, signature: signer.sign(proposalDigest(genesisHash, proposal)) };
}

/** True when `proposal.authority` signed it, block and all, for this network. Whether it may propose is the caller's to check. */
export function verifyProposal(proposal: Proposal, genesisHash: Hash, isSignedBy: SignatureCheck = verifySignature): boolean {
  return isSignedBy(proposalDigest(genesisHash, proposal), proposal.signature, proposal.authority);
}
