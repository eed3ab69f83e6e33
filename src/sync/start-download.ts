import { CHUNK_BYTES, chunkHash, rootOfChunks, vectorFromBytes } from '../learning/chunks.ts';
import { startRootOf } from '../learning/model-root.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { syncError } from './errors.ts';
import { fetchOne } from './fetch-one.ts';
import { MAX_CHUNKS_PER_REQUEST, PIECE_TIMEOUT_MS } from './limits.ts';
import { type SwarmDependencies, swarm } from './swarm.ts';
import type { ChunkRange } from './vector-file.ts';
import { chunksRequestCodec, type StartOutline, startOutlineCodec, startRequestCodec } from './wire.ts';

const HASH_BYTES = 32;

export interface FetchedStart {
  readonly weightsRoot: Hash;
  readonly weights: Float32Array;
}

/**
 * Fetches the weights that a round started from into memory, from several peers at once, every chunk held against the root.
 * @returns undefined when nobody keeps them any more
 * @throws the signal's reason
 */
export async function fetchStart(
  { startRoot, parameters }: { readonly startRoot: Hash; readonly parameters: number },
  dependencies: SwarmDependencies,
  signal: AbortSignal,
): Promise<FetchedStart | undefined> {
  const vectorBytes = parameters * 4;
  const chunkCount = Math.ceil(vectorBytes / CHUNK_BYTES);
  const hashOf = (chunks: Uint8Array, i: number) => chunks.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);

  /** @throws SYNC_WRONG_BYTES */
  function accept(bytes: Uint8Array): StartOutline {
    const outline = startOutlineCodec.decode(bytes);
    const { weights, chunks } = outline;
    const hashes = Array.from({ length: chunkCount }, (_, i) => hashOf(chunks, i));
    const isRight = chunks.length === chunkCount * HASH_BYTES && equalBytes(startRootOf(outline), startRoot);
    if (!isRight || !equalBytes(rootOfChunks(parameters, hashes), weights)) {
      throw syncError('SYNC_WRONG_BYTES', `an outline that does not lead to start ${toHex(startRoot)}`);
    }
    return outline;
  }

  const outline = await fetchOne(
    {
      protocol: 'start',
      request: startRequestCodec.encode({ id: startRoot }),
      maxBytes: 2 * chunkCount * HASH_BYTES + 1024,
      accept,
    },
    dependencies,
    signal,
  );
  if (outline === undefined) return undefined;
  const { weights: vector, chunks } = outline;
  const whole = new Uint8Array(vectorBytes);
  const waiting: ChunkRange[] = [];
  for (let first = 0; first < chunkCount; first += MAX_CHUNKS_PER_REQUEST) {
    waiting.push({ first, count: Math.min(MAX_CHUNKS_PER_REQUEST, chunkCount - first) });
  }
  waiting.reverse();
  let left = waiting.length;

  const isDone = await swarm<ChunkRange>(
    {
      take: () => waiting.pop(),
      giveBack: (range) => void waiting.push(range),
      async fetch(peer, range, abort) {
        const bytes = await dependencies.network.request(peer, 'chunks', chunksRequestCodec.encode({ vector, ...range }), {
          maxBytes: MAX_CHUNKS_PER_REQUEST * CHUNK_BYTES,
          timeoutMs: PIECE_TIMEOUT_MS,
          signal: abort,
        });
        if (bytes.length === 0) return 'absent';
        const offset = range.first * CHUNK_BYTES;
        const isWhole = bytes.length === Math.min(range.count * CHUNK_BYTES, vectorBytes - offset);
        const pieces = Array.from({ length: range.count }, (_, i) => bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
        if (!isWhole || !pieces.every((piece, i) => equalBytes(chunkHash(piece), hashOf(chunks, range.first + i)))) {
          throw syncError('SYNC_WRONG_BYTES', `wrong bytes among chunks ${range.first}+${range.count} of ${toHex(vector)}`);
        }
        whole.set(bytes, offset);
        left--;
        return 'kept';
      },
      isDone: () => left === 0,
    },
    dependencies,
    signal,
  );
  return isDone ? { weightsRoot: vector, weights: vectorFromBytes(whole) } : undefined;
}
