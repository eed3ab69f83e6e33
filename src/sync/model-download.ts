import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CHUNK_BYTES, rootOfChunks } from '../learning/chunks.ts';
import { modelRootOf } from '../learning/model-root.ts';
import type { ModelFiles } from '../learning/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { wrapStoreError } from '../store/errors.ts';
import { syncError } from './errors.ts';
import { fetchOne } from './fetch-one.ts';
import { MAX_CHUNKS_PER_REQUEST, PIECE_TIMEOUT_MS } from './limits.ts';
import { type Job, type SwarmDependencies, swarm } from './swarm.ts';
import { type ChunkRange, openVectorFile, type VectorFile } from './vector-file.ts';
import { chunksRequestCodec, type ModelOutline, modelOutlineCodec, modelRequestCodec } from './wire.ts';

const HASH_BYTES = 32;
const SUFFIX = '.f32';

export interface ModelDownloadOptions {
  /** Where half a model may lie; nothing else is kept there. */
  readonly directory: string;
  readonly parameters: number;
}

/** Fetches a settled model from several peers at once, and goes on where an interrupted attempt stopped. */
export interface ModelDownload {
  /** Its files, every chunk held against the root; undefined when nobody serves the rest now. @throws STORE_*, the signal's reason */
  fetch(modelRoot: Hash, signal: AbortSignal): Promise<ModelFiles | undefined>;
  /** Removes what was fetched. */
  discard(): Promise<void>;
}

interface Piece {
  readonly vector: Hash;
  readonly file: VectorFile;
  readonly range: ChunkRange;
}

export function createModelDownload(options: ModelDownloadOptions, dependencies: SwarmDependencies): ModelDownload {
  const { directory, parameters } = options;
  const { network, log } = dependencies;
  const vectorBytes = parameters * 4;
  const chunkCount = Math.ceil(vectorBytes / CHUNK_BYTES);
  const pathOf = (root: Hash) => join(directory, `${toHex(root).slice(2)}${SUFFIX}`);

  /** The chunk hashes, which lead to the vectors' roots and these to the model's. @throws SYNC_WRONG_BYTES */
  function acceptOutline(modelRoot: Hash, bytes: Uint8Array): ModelOutline {
    const outline = modelOutlineCodec.decode(bytes);
    const leadsTo = (root: Hash, chunks: Uint8Array) =>
      chunks.length === chunkCount * HASH_BYTES && equalBytes(rootOfChunks(parameters, hashesOf(chunks)), root);
    if (
      !equalBytes(modelRootOf(outline), modelRoot) ||
      !leadsTo(outline.weights, outline.weightsChunks) ||
      !leadsTo(outline.momentum, outline.momentumChunks)
    ) {
      throw syncError('SYNC_WRONG_BYTES', `an outline that does not lead to model ${toHex(modelRoot)}`);
    }
    return outline;
  }

  async function keepOnly(roots: readonly Hash[]): Promise<void> {
    const kept = new Set(roots.map((root) => `${toHex(root).slice(2)}${SUFFIX}`));
    for (const name of await readdir(directory)) if (!kept.has(name)) await rm(join(directory, name), { force: true, recursive: true });
  }

  function pieces(files: readonly { readonly root: Hash; readonly file: VectorFile }[]): Job<Piece> {
    const waiting = files.flatMap(({ root, file }) => file.missing.map((range): Piece => ({ vector: root, file, range })));
    let left = waiting.length;
    waiting.reverse();
    return {
      take: () => waiting.pop(),
      giveBack: (piece) => void waiting.push(piece),
      async fetch(peer, { vector, file, range }, abort) {
        const bytes = await network.request(peer, 'chunks', chunksRequestCodec.encode({ vector, ...range }), {
          maxBytes: MAX_CHUNKS_PER_REQUEST * CHUNK_BYTES,
          timeoutMs: PIECE_TIMEOUT_MS,
          signal: abort,
        });
        if (bytes.length === 0) return 'absent';
        if (!(await file.put(range, bytes))) {
          throw syncError('SYNC_WRONG_BYTES', `wrong bytes among chunks ${range.first}+${range.count} of ${toHex(vector)}`);
        }
        left--;
        return 'kept';
      },
      isDone: () => left === 0,
    };
  }

  return {
    async fetch(modelRoot, signal) {
      const outline = await fetchOne(
        {
          protocol: 'model',
          request: modelRequestCodec.encode({ id: modelRoot }),
          maxBytes: 2 * chunkCount * HASH_BYTES + 1024,
          accept: (bytes) => acceptOutline(modelRoot, bytes),
        },
        dependencies,
        signal,
      );
      if (outline === undefined) return undefined;
      const vectors = [
        { root: outline.weights, chunks: outline.weightsChunks },
        { root: outline.momentum, chunks: outline.momentumChunks },
      ];
      const open: { readonly root: Hash; readonly file: VectorFile }[] = [];
      try {
        await mkdir(directory, { recursive: true });
        await keepOnly(vectors.map(({ root }) => root));
        for (const { root, chunks } of vectors) {
          if (open.some((other) => equalBytes(other.root, root))) continue;
          open.push({ root, file: await openVectorFile(pathOf(root), { bytes: vectorBytes, chunks: hashesOf(chunks) }) });
        }
        const missing = open.reduce((sum, { file }) => sum + file.missing.reduce((count, range) => count + range.count, 0), 0);
        log.info({ model: toHex(modelRoot), bytes: 2 * vectorBytes, missingChunks: missing }, 'fetching the settled model');
        if (!(await swarm(pieces(open), dependencies, signal))) return undefined;
        return { weights: pathOf(outline.weights), momentum: pathOf(outline.momentum) };
      } catch (error) {
        throw wrapStoreError(error, 'STORE_BLOB_FAILED', directory);
      } finally {
        for (const { file } of open) await file.close();
      }
    },
    discard: () => rm(directory, { recursive: true, force: true }),
  };
}

function hashesOf(bytes: Uint8Array): readonly Hash[] {
  const hashes: Hash[] = [];
  for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.subarray(at, at + HASH_BYTES));
  return hashes;
}
