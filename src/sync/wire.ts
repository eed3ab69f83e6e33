import { authoritySetCodec } from '../codec/authority-set.ts';
import { certifiedHeaderCodec, finalBlockCodec } from '../codec/blocks.ts';
import { address, blob, codec, hash, integer, list, struct, uint } from '../codec/shape.ts';
import type { CertifiedHeader, FinalBlock } from '../codec/types.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import {
  MAX_BLOCKS_PER_RESPONSE,
  MAX_BLOCKS_RESPONSE_BYTES,
  MAX_CHUNKS_PER_REQUEST,
  MAX_HEADERS_PER_RESPONSE,
  MAX_HEADERS_RESPONSE_BYTES,
  MAX_MODEL_OUTLINE_BYTES,
  MAX_STATE_ITEMS_PER_REQUEST,
  MAX_STATE_RESPONSE_BYTES,
} from './limits.ts';

const MAX_REQUEST_BYTES = 128;

/** Final blocks, or headers with certificates, of heights from, from+1, … */
export interface RangeRequest {
  readonly from: number;
  readonly count: number;
}

export const blocksRequestCodec = codec(
  'blocksRequest',
  struct<RangeRequest>({ from: uint, count: integer(1, MAX_BLOCKS_PER_RESPONSE) }),
  MAX_REQUEST_BYTES,
);

/** Consecutive blocks. The last one may pass the soft limit by its own size. */
export const blocksResponseCodec = codec<readonly FinalBlock[]>(
  'blocksResponse',
  list(finalBlockCodec.shape, MAX_BLOCKS_PER_RESPONSE),
  2 * MAX_BLOCKS_RESPONSE_BYTES,
);

export const headersRequestCodec = codec(
  'headersRequest',
  struct<RangeRequest>({ from: uint, count: integer(1, MAX_HEADERS_PER_RESPONSE) }),
  MAX_REQUEST_BYTES,
);

/** Consecutive headers; fewer than asked for where they end, or where they grow too large. */
export interface HeadersResponse {
  readonly headers: readonly CertifiedHeader[];
  /** Authority sets: who decided on the first header, then each that a header but the last names anew, in their order. */
  readonly sets: readonly (readonly Address[])[];
}

export const headersResponseCodec = codec(
  'headersResponse',
  struct<HeadersResponse>({
    headers: list(certifiedHeaderCodec.shape, MAX_HEADERS_PER_RESPONSE),
    sets: list(authoritySetCodec.shape, MAX_HEADERS_PER_RESPONSE),
  }),
  2 * MAX_HEADERS_RESPONSE_BYTES,
);

/** The protocol state after a block, answered as its encoding: the header names its hash. */
export const protocolStateRequestCodec = codec(
  'protocolStateRequest',
  struct<{ readonly height: number }>({ height: uint }),
  MAX_REQUEST_BYTES,
);

/** Nodes of the state trie, and code, by keccak-256. */
export const stateRequestCodec = codec<readonly Hash[]>('stateRequest', list(hash, MAX_STATE_ITEMS_PER_REQUEST), 16 * 1024);

const MAX_STATE_ITEM_BYTES = 64 * 1024;

/** The bytes of the first hashes asked for, in their order; empty for what is not held. The rest did not fit. */
export const stateResponseCodec = codec<readonly Uint8Array[]>(
  'stateResponse',
  list(blob(MAX_STATE_ITEM_BYTES), MAX_STATE_ITEMS_PER_REQUEST),
  2 * MAX_STATE_RESPONSE_BYTES,
);

/** By identity: a blob (an update, an opened state), or a settled model. */
export interface IdentityRequest {
  readonly id: Hash;
}

export const blobRequestCodec = codec('blobRequest', struct<IdentityRequest>({ id: hash }), MAX_REQUEST_BYTES);
export const modelRequestCodec = codec('modelRequest', struct<IdentityRequest>({ id: hash }), MAX_REQUEST_BYTES);

/** What a model's root stands for: its vectors' roots, and what those stand for: the hashes of their chunks, joined. */
export interface ModelOutline {
  readonly weights: Hash;
  readonly momentum: Hash;
  readonly weightsChunks: Uint8Array;
  readonly momentumChunks: Uint8Array;
}

export const modelOutlineCodec = codec(
  'modelOutline',
  struct<ModelOutline>({
    weights: hash,
    momentum: hash,
    weightsChunks: blob(MAX_MODEL_OUTLINE_BYTES / 2),
    momentumChunks: blob(MAX_MODEL_OUTLINE_BYTES / 2),
  }),
  MAX_MODEL_OUTLINE_BYTES,
);

/** The start of a round that is kept, by its root: the root of its weights, and the hashes of their chunks, joined. */
export interface StartOutline {
  readonly weights: Hash;
  readonly chunks: Uint8Array;
}

export const startRequestCodec = codec('startRequest', struct<IdentityRequest>({ id: hash }), MAX_REQUEST_BYTES);
export const startOutlineCodec = codec(
  'startOutline',
  struct<StartOutline>({ weights: hash, chunks: blob(MAX_MODEL_OUTLINE_BYTES / 2) }),
  MAX_MODEL_OUTLINE_BYTES,
);

/** Consecutive chunks of a vector, answered as their bytes. */
export interface ChunksRequest {
  readonly vector: Hash;
  readonly first: number;
  readonly count: number;
}

export const chunksRequestCodec = codec(
  'chunksRequest',
  struct<ChunksRequest>({ vector: hash, first: uint, count: integer(1, MAX_CHUNKS_PER_REQUEST) }),
  MAX_REQUEST_BYTES,
);

export interface OpeningRequest {
  readonly round: number;
  readonly trainer: Address;
  readonly segment: number;
}

export const openingRequestCodec = codec(
  'openingRequest',
  struct<OpeningRequest>({ round: uint, trainer: address, segment: uint }),
  MAX_REQUEST_BYTES,
);
