import { finalBlockCodec } from '../codec/blocks.ts';
import { address, codec, hash, integer, list, struct, uint } from '../codec/shape.ts';
import type { FinalBlock } from '../codec/types.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { MAX_BLOCKS_PER_RESPONSE, MAX_BLOCKS_RESPONSE_BYTES } from './limits.ts';

const MAX_REQUEST_BYTES = 128;

/** Final blocks of heights from, from+1, … */
export interface BlocksRequest {
  readonly from: number;
  readonly count: number;
}

export const blocksRequestCodec = codec(
  'blocksRequest',
  struct<BlocksRequest>({ from: uint, count: integer(1, MAX_BLOCKS_PER_RESPONSE) }),
  MAX_REQUEST_BYTES,
);

/** Consecutive blocks. The last one may pass the soft limit by its own size. */
export const blocksResponseCodec = codec<readonly FinalBlock[]>(
  'blocksResponse',
  list(finalBlockCodec.shape, MAX_BLOCKS_PER_RESPONSE),
  2 * MAX_BLOCKS_RESPONSE_BYTES,
);

/** A blob by its identity: an update, an opened state, or the settled model by its root. */
export interface BlobRequest {
  readonly id: Hash;
}

export const blobRequestCodec = codec('blobRequest', struct<BlobRequest>({ id: hash }), MAX_REQUEST_BYTES);

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
