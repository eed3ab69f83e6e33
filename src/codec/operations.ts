import { MAX_SEGMENT_STEPS } from '../params/genesis.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { type Address, type SignatureCheck, type Signer, verifySignature } from '../primitives/keys.ts';
import { MAX_DISPUTES, MAX_FINDINGS, MAX_GWEI_BYTES, MAX_OPERATION_BYTES, MAX_TRAINERS_PER_ROUND } from './limits.ts';
import { proposalClaimShape } from './proposals.ts';
import { address, bigUint, codec, f32, hash, integer, list, oneOf, optional, type Shape, signature, struct, uint, union } from './shape.ts';
import type {
  AuthorityChange,
  ConsensusStatement,
  Fault,
  Finding,
  Operation,
  ProofOperation,
  Ruling,
  SignedOperation,
  VoteOperation,
} from './types.ts';
import { voteShape } from './votes.ts';

const OPERATION_DOMAIN = 'pol/operation/2';
const OPERATION_ID_DOMAIN = 'pol/operation-id/2';
const COMMITMENT_DOMAIN = 'pol/vote-commitment/1';

const faultShape: Shape<Fault> = oneOf<Fault>({ start: 1, state: 2, update: 3 });

const findingShape: Shape<Finding> = union<Finding, 'kind'>('kind', {
  ok: { tag: 1, fields: { digest: hash } },
  fraud: { tag: 2, fields: { fault: faultShape } },
  unavailable: { tag: 3, fields: {} },
  unchecked: { tag: 4, fields: {} },
});

/** What a vote says, without its author and round. */
export const voteContent = {
  secretPreimage: hash,
  findings: list(findingShape, MAX_FINDINGS),
  gateBaseline: optional(f32),
  gateLosses: list(optional(f32), MAX_TRAINERS_PER_ROUND),
  heldOutLoss: f32,
  heldOutAccuracy: f32,
};

const disputedSegment = { proof: uint, segment: uint };
const steps = list(hash, MAX_SEGMENT_STEPS);
const rulingShape: Shape<Ruling> = union<Ruling, 'kind'>('kind', {
  held: { tag: 1, fields: { ...disputedSegment, steps } },
  fraud: { tag: 2, fields: { ...disputedSegment, fault: faultShape, steps } },
  unavailable: { tag: 3, fields: disputedSegment },
});

export const rulingsShape = list(rulingShape, MAX_DISPUTES);

const statementShape: Shape<ConsensusStatement> = union<ConsensusStatement, 'kind'>('kind', {
  vote: { tag: 1, fields: { vote: voteShape } },
  proposal: { tag: 2, fields: { proposal: proposalClaimShape } },
});

export const authorityChangeShape: Shape<AuthorityChange> = union<AuthorityChange, 'kind'>('kind', {
  add: { tag: 1, fields: { candidate: address, tip: hash, secretTip: hash } },
  remove: { tag: 2, fields: { candidate: address } },
});

export const { encode: encodeAuthorityChange } = codec('change', authorityChangeShape, MAX_OPERATION_BYTES);

const proofFields = {
  trainer: address,
  round: uint,
  segments: integer(1),
  tokens: uint,
  leavesRoot: hash,
  updateHash: hash,
  updateBytes: uint,
  loss: f32,
};

/** A proof within a structure that holds nothing but proofs. */
export const proofShape: Shape<ProofOperation> = union<ProofOperation, 'type'>('type', { proof: { tag: 2, fields: proofFields } });

const operationShape: Shape<Operation> = union<Operation, 'type'>('type', {
  join: { tag: 1, fields: { trainer: address, round: uint } },
  proof: { tag: 2, fields: proofFields },
  reveal: { tag: 3, fields: { authority: address, round: uint, preimage: hash } },
  vote: { tag: 4, fields: { authority: address, round: uint, ...voteContent } },
  withdraw: { tag: 5, fields: { trainer: address, round: uint } },
  commit: { tag: 6, fields: { authority: address, round: uint, commitment: hash } },
  ruling: { tag: 7, fields: { authority: address, round: uint, rulings: rulingsShape } },
  exit: { tag: 8, fields: { account: address, round: uint, gwei: bigUint(MAX_GWEI_BYTES) } },
  evidence: { tag: 9, fields: { reporter: address, round: uint, first: statementShape, second: statementShape } },
  authority_vote: { tag: 10, fields: { authority: address, round: uint, change: authorityChangeShape } },
  renew: { tag: 11, fields: { authority: address, round: uint, tip: hash, secretTip: hash } },
});

export const signedOperationShape: Shape<SignedOperation> = struct<SignedOperation>({ operation: operationShape, signature });

export const { encode: encodeOperation, decode: decodeOperation } = codec('operation', operationShape, MAX_OPERATION_BYTES);
export const { encode: encodeSignedOperation, decode: decodeSignedOperation } = codec(
  'signedOperation',
  signedOperationShape,
  MAX_OPERATION_BYTES,
);

/** Who must sign an operation. */
export function operationAuthor(operation: Operation): Address {
  switch (operation.type) {
    case 'join':
    case 'proof':
    case 'withdraw':
      return operation.trainer;
    case 'exit':
      return operation.account;
    case 'evidence':
      return operation.reporter;
    default:
      return operation.authority;
  }
}

/** What a vote is bound to before it is opened. Its secret preimage blinds it: the findings cannot be guessed from it. */
export function voteCommitment(vote: VoteOperation): Hash {
  return taggedHash(COMMITMENT_DOMAIN, encodeOperation(vote));
}

/** What an author signs: bound to one network by its genesis hash. */
export function operationDigest(genesisHash: Hash, operation: Operation): Hash {
  return taggedHash(OPERATION_DOMAIN, genesisHash, encodeOperation(operation));
}

/** @throws CODEC_* when the operation has no encoding */
export function signOperation<O extends Operation>(operation: O, genesisHash: Hash, signer: Signer): SignedOperation<O> {
  return { operation, signature: signer.sign(operationDigest(genesisHash, operation)) };
}

/** True when the operation's own trainer or authority signed it for this network. A high s is refused (EIP-2). */
export function verifySignedOperation(signed: SignedOperation, genesisHash: Hash, isSignedBy: SignatureCheck = verifySignature): boolean {
  return isSignedBy(operationDigest(genesisHash, signed.operation), signed.signature, operationAuthor(signed.operation));
}

/** Identity in pools and gossip: covers the signature, so a forged copy cannot stand in the way of the real one. */
export function operationId(signed: SignedOperation): Hash {
  return taggedHash(OPERATION_ID_DOMAIN, encodeSignedOperation(signed));
}
