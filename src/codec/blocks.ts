import { equalBytes } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { certificateShape } from './certificate.ts';
import {
  MAX_AUTHORITIES,
  MAX_BLOCK_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_EXECUTION_BYTES,
  MAX_FINAL_BLOCK_BYTES,
  MAX_HEADER_BYTES,
  MAX_OPERATIONS_PER_BLOCK,
  MAX_TRAINERS_PER_ROUND,
} from './limits.ts';
import { signedOperationShape } from './operations.ts';
import { address, ascendingAddresses, blob, codec, hash, list, optional, type Shape, struct, uint } from './shape.ts';
import type { Block, Boundary, CertifiedHeader, FinalBlock, Header, SignedOperation } from './types.ts';

const HEADER_DOMAIN = 'pol/header/2';
const BODY_DOMAIN = 'pol/body/2';
const BLOCK_DOMAIN = 'pol/block/2';

const boundaryShape: Shape<Boundary> = struct<Boundary>({
  sealed: ascendingAddresses(MAX_TRAINERS_PER_ROUND),
  modelRoot: hash,
  startRoot: hash,
  authorities: optional(ascendingAddresses(MAX_AUTHORITIES)),
});

const headerShape: Shape<Header> = struct<Header>({
  height: uint,
  timestamp: uint,
  proposer: address,
  parentHash: hash,
  executionHash: hash,
  bodyHash: hash,
  protocolRoot: hash,
  nextAuthorities: hash,
});

interface Body {
  readonly operations: readonly SignedOperation[];
  readonly boundary: Boundary | undefined;
}

const bodyFields = {
  operations: list(signedOperationShape, MAX_OPERATIONS_PER_BLOCK),
  boundary: optional(boundaryShape),
};

export const blockShape: Shape<Block> = struct<Block>({ header: headerShape, ...bodyFields, execution: blob(MAX_EXECUTION_BYTES) });

export const { encode: encodeHeader, decode: decodeHeader } = codec('header', headerShape, MAX_HEADER_BYTES);
export const { encode: encodeBlock, decode: decodeBlock } = codec('block', blockShape, MAX_BLOCK_BYTES);
const finalBlockShape: Shape<FinalBlock> = struct<FinalBlock>({ block: blockShape, certificate: certificateShape });
export const finalBlockCodec = codec('finalBlock', finalBlockShape, MAX_FINAL_BLOCK_BYTES);
export const { encode: encodeFinalBlock, decode: decodeFinalBlock } = finalBlockCodec;
export const certifiedHeaderCodec = codec(
  'certifiedHeader',
  struct<CertifiedHeader>({ header: headerShape, certificate: certificateShape }),
  MAX_HEADER_BYTES + MAX_CERTIFICATE_BYTES,
);
const { encode: encodeBody } = codec('body', struct<Body>(bodyFields), MAX_BLOCK_BYTES);

/** Identity of a block: SHA-256 under the domain pol/header/2 of the header's RLP. Through `parentHash` it names the network too. */
export function headerHash(header: Header): Hash {
  return taggedHash(HEADER_DOMAIN, encodeHeader(header));
}

/** SHA-256 under pol/body/2 of RLP([operations, boundary]). */
export function bodyHash(operations: readonly SignedOperation[], boundary: Boundary | undefined): Hash {
  return taggedHash(BODY_DOMAIN, encodeBody({ operations, boundary }));
}

/**
 * SHA-256 under pol/block/2 of the whole block's RLP. Proposals sign it beside the header's hash: a relay that exchanges
 * operations or transactions under an honest header breaks the signature, instead of making the block look invalid.
 */
export function blockContentHash(block: Block): Hash {
  return taggedHash(BLOCK_DOMAIN, encodeBlock(block));
}

/** True when the header commits to this block's operations and boundary. The execution payload is for its engine to check. */
export function bodyMatchesHeader(block: Block): boolean {
  return equalBytes(bodyHash(block.operations, block.boundary), block.header.bodyHash);
}
