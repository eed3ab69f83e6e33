import { type FileHandle, open, stat } from 'node:fs/promises';
import { CHUNK_BYTES, chunkHash } from '../learning/chunks.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { guardFiles, hasSystemCode } from '../store/errors.ts';
import { MAX_CHUNKS_PER_REQUEST } from './limits.ts';

/** Chunk `first` and those after it. */
export interface ChunkRange {
  readonly first: number;
  readonly count: number;
}

/** A model's vector on disk while its chunks come in, in any order. What is there is known by its hashes, so no record is kept beside it. */
export interface VectorFile {
  /** Ranges of at most MAX_CHUNKS_PER_REQUEST chunks that are not there, ascending. */
  readonly missing: readonly ChunkRange[];
  /** False when a byte differs from what the hashes say; nothing is written then. @throws STORE_* */
  put(range: ChunkRange, bytes: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Opens, or begins, the file of a vector with these chunks; what an earlier run left is checked chunk by chunk.
 * @throws STORE_DISK_FULL, STORE_BLOB_FAILED
 */
export async function openVectorFile(
  path: string,
  options: { readonly bytes: number; readonly chunks: readonly Hash[] },
): Promise<VectorFile> {
  const { bytes: size, chunks } = options;
  const guard = guardFiles(path);

  async function openOrCreate(): Promise<FileHandle> {
    try {
      return await open(path, 'r+');
    } catch (error) {
      if (!hasSystemCode(error, 'ENOENT')) throw error;
      return open(path, 'wx+');
    }
  }

  const lengthOf = (index: number) => Math.min(CHUNK_BYTES, size - index * CHUNK_BYTES);

  function holds(first: number, bytes: Uint8Array): boolean {
    for (let at = 0, index = first; at < bytes.length; at += CHUNK_BYTES, index++) {
      const expected = chunks[index];
      if (expected === undefined || !equalBytes(chunkHash(bytes.subarray(at, at + CHUNK_BYTES)), expected)) return false;
    }
    return true;
  }

  const file = await guard(openOrCreate);

  /** Reads what is there; a file of another length is of no use. */
  async function findMissing(): Promise<ChunkRange[]> {
    const isNew = (await stat(path)).size !== size;
    if (isNew) await file.truncate(size);
    const found: ChunkRange[] = [];
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let index = 0; index < chunks.length; index++) {
      if (!isNew) {
        const { bytesRead } = await file.read(buffer, 0, lengthOf(index), index * CHUNK_BYTES);
        if (bytesRead === lengthOf(index) && holds(index, buffer.subarray(0, bytesRead))) continue;
      }
      const last = found.at(-1);
      if (last !== undefined && last.first + last.count === index && last.count < MAX_CHUNKS_PER_REQUEST) {
        found[found.length - 1] = { first: last.first, count: last.count + 1 };
      } else found.push({ first: index, count: 1 });
    }
    return found;
  }

  try {
    const missing = await guard(findMissing);
    return {
      missing,
      async put({ first, count }, bytes) {
        let expected = 0;
        for (let index = first; index < first + count; index++) expected += lengthOf(index);
        if (bytes.length !== expected || !holds(first, bytes)) return false;
        await guard(async () => {
          for (let at = 0; at < bytes.length; ) {
            const { bytesWritten } = await file.write(bytes, at, bytes.length - at, first * CHUNK_BYTES + at);
            at += bytesWritten;
          }
        });
        return true;
      },
      close: () => guard(() => file.close()),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
