import { MAX_SEGMENT_STEPS } from '../params/genesis.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { codec, hash, list } from './shape.ts';

const SEGMENT_DIGEST_DOMAIN = 'pol/segment-digest/1';
const MAX_STEPS_BYTES = 4096;

const { encode: encodeSteps } = codec('steps', list(hash, MAX_SEGMENT_STEPS), MAX_STEPS_BYTES);

/**
 * Digest of a re-executed segment, from those of the gradients of its inner steps in order: SHA-256 under
 * pol/segment-digest/1 of their RLP list. A finding states the digest, a ruling the list: one can be held against the other.
 */
export function segmentDigest(steps: readonly Hash[]): Hash {
  return taggedHash(SEGMENT_DIGEST_DOMAIN, encodeSteps(steps));
}
