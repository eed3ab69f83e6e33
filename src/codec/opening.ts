import { MAX_MERKLE_DEPTH, MAX_OPENING_BYTES } from './limits.ts';
import { codec, hash, list, struct, uint } from './shape.ts';
import type { Opening } from './types.ts';

const path = list(hash, MAX_MERKLE_DEPTH);

export const openingCodec = codec(
  'opening',
  struct<Opening>({ segment: uint, startState: hash, endState: hash, startPath: path, endPath: path }),
  MAX_OPENING_BYTES,
);
