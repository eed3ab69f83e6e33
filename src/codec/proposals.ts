import { type Hash, taggedHash } from '../primitives/hash.ts';
import { type SignatureCheck, verifySignature } from '../primitives/keys.ts';
import { MAX_VOTE_BYTES } from './limits.ts';
import { address, codec, hash, optional, type Shape, signature, struct, uint } from './shape.ts';
import type { ProposalClaim } from './types.ts';

const PROPOSAL_DOMAIN = 'pol/consensus/proposal/1';

type ProposalPlace = Omit<ProposalClaim, 'authority' | 'signature'>;

const placeFields = { height: uint, round: uint, validRound: optional(uint), blockHash: hash, contentHash: hash };
const { encode: encodePlace } = codec('proposal', struct<ProposalPlace>(placeFields), MAX_VOTE_BYTES);

export const proposalClaimShape: Shape<ProposalClaim> = struct<ProposalClaim>({ ...placeFields, authority: address, signature });

/** What a proposal signs: the network, height, round, valid round, the block's hash and, beyond the header, all its bytes. */
export function proposalPlaceDigest(genesisHash: Hash, { height, round, validRound, blockHash, contentHash }: ProposalPlace): Hash {
  return taggedHash(PROPOSAL_DOMAIN, genesisHash, encodePlace({ height, round, validRound, blockHash, contentHash }));
}

/** True when `claim.authority` signed a proposal with this place and these hashes for this network. */
export function verifyProposalClaim(claim: ProposalClaim, genesisHash: Hash, isSignedBy: SignatureCheck = verifySignature): boolean {
  return isSignedBy(proposalPlaceDigest(genesisHash, claim), claim.signature, claim.authority);
}
