import { endianness } from 'node:os';
import type { ChunkHasher } from '../numerics/backend.ts';
import { uint64BE, utf8 } from '../primitives/bytes.ts';
import { type Hash, sha256, taggedHash } from '../primitives/hash.ts';
import { merkleRoot } from './merkle.ts';

/** Large enough that hashing runs at SHA-256's full speed, small enough to fetch and prove alone. */
export const CHUNK_BYTES = 65_536;

/** As taggedHash has it: the domain's hash comes before a chunk. */
const CHUNK_TAG = sha256(utf8('pol/chunk/1'));

const HOST_IS_LITTLE_ENDIAN = endianness() === 'LE';

/** The vector's little-endian bytes: a view where the host is little-endian, else a swapped copy. */
export function littleEndianBytes(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return HOST_IS_LITTLE_ENDIAN ? bytes : Buffer.from(bytes).swap32();
}

/** f32 values of little-endian bytes: a view where alignment and byte order allow it, else a copy. `bytes.length` must be a multiple of 4. */
export function vectorFromBytes(bytes: Uint8Array): Float32Array {
  if (HOST_IS_LITTLE_ENDIAN && bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const copy = new Uint8Array(bytes);
  if (!HOST_IS_LITTLE_ENDIAN) Buffer.from(copy.buffer).swap32();
  return new Float32Array(copy.buffer);
}

/**
 * Identity of an f32 vector of at least one element: Merkle root over CHUNK_BYTES chunks (the last one shorter) of its
 * little-endian bytes, bound to its length. Bits count, not values: +0 and -0 differ.
 * @param hashChunks a faster way to the same hashes (a backend's)
 */
export function vectorRoot(vector: Float32Array, hashChunks: ChunkHasher = hashChunksHere): Hash {
  const hashes = hashChunks(CHUNK_TAG, vector, CHUNK_BYTES);
  const leaves: Hash[] = [];
  for (let at = 0; at < hashes.length; at += CHUNK_TAG.length) leaves.push(hashes.subarray(at, at + CHUNK_TAG.length));
  return rootOfChunks(vector.length, leaves);
}

/** Chunk by chunk: a view of all of a large vector's bytes would be longer than typed arrays may be. */
function hashChunksHere(prefix: Uint8Array, vector: Float32Array, chunkBytes: number): Uint8Array {
  const count = Math.ceil(vector.byteLength / chunkBytes);
  const out = new Uint8Array(count * prefix.length);
  for (let i = 0; i < count; i++) {
    const words = vector.subarray((i * chunkBytes) / 4, ((i + 1) * chunkBytes) / 4);
    out.set(sha256(prefix, littleEndianBytes(words)), i * prefix.length);
  }
  return out;
}

/** vectorRoot of `length` positive zeros, hashing one chunk instead of all. */
export function zeroVectorRoot(length: number): Hash {
  const full = Math.floor((length * 4) / CHUNK_BYTES);
  const rest = length * 4 - full * CHUNK_BYTES;
  const leaves: Hash[] = full === 0 ? [] : new Array<Hash>(full).fill(chunkHash(new Uint8Array(CHUNK_BYTES)));
  if (rest > 0) leaves.push(chunkHash(new Uint8Array(rest)));
  return rootOfChunks(length, leaves);
}

/** Identity of one chunk: a leaf of its vector's tree. */
export const chunkHash = (chunk: Uint8Array): Hash => sha256(CHUNK_TAG, chunk);

/** Root of a vector of `length` elements by the hashes of its chunks, at least one. */
export const rootOfChunks = (length: number, chunks: readonly Hash[]): Hash =>
  taggedHash('pol/vector/1', uint64BE(length), merkleRoot(chunks));
