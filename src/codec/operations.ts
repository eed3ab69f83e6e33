import { type Hash, taggedHash } from '../primitives/hash.ts';
import { type Address, type SignatureCheck, type Signer, verifySignature } from '../primitives/keys.ts';
import { MAX_OPERATION_BYTES, MAX_TRAINERS_PER_ROUND } from './limits.ts';
import { address, codec, f32, hash, integer, list, type Shape, signature, struct, uint, union } from './shape.ts';
import type { Operation, ProofOperation, SignedOperation, Verdict } from './types.ts';

const OPERATION_DOMAIN = 'pol/operation/1';
const OPERATION_ID_DOMAIN = 'pol/operation-id/1';

const verdictShape: Shape<Verdict> = union<Verdict, 'kind'>('kind', {
  accept: { tag: 1, fields: {} },
  unavailable: { tag: 2, fields: {} },
  fraud: { tag: 3, fields: { segment: uint } },
  unchecked: { tag: 4, fields: {} },
});

/** One verdict for each sealed proof. */
export const verdictsShape = list(verdictShape, MAX_TRAINERS_PER_ROUND);

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
  vote: { tag: 4, fields: { authority: address, round: uint, verdicts: verdictsShape, heldOutLoss: f32, heldOutAccuracy: f32 } },
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
  return operation.type === 'join' || operation.type === 'proof' ? operation.trainer : operation.authority;
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
