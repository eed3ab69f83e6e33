import { open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { isAbsent, replaceFile } from './files.ts';

/** Bounds the memory that reading and writing need beside the vectors, and stays far below what one system call may move. */
const PIECE_BYTES = 2 ** 24;
const HOST_IS_LITTLE_ENDIAN = endianness() === 'LE';

/** Writes vectors one after the other as little-endian f32, durably and as a whole (`replaceFile`), without a copy of them. */
export async function writeVectors(path: string, vectors: readonly Float32Array[]): Promise<void> {
  await replaceFile(path, async (file) => {
    for (const vector of vectors) {
      for (const piece of piecesOf(vector)) {
        const bytes = HOST_IS_LITTLE_ENDIAN ? piece : Buffer.from(piece).swap32();
        for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
      }
    }
  });
}

/**
 * Fills vectors from a file that `writeVectors` wrote, in place.
 * @returns false when there is no such file or its size is not theirs: what they then hold is not defined
 */
export async function readVectors(path: string, vectors: readonly Float32Array[]): Promise<boolean> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    const wanted = vectors.reduce((sum, vector) => sum + vector.byteLength, 0);
    if ((await file.stat()).size !== wanted) return false;
    for (const vector of vectors) {
      for (const piece of piecesOf(vector)) {
        for (let at = 0; at < piece.length; ) {
          const { bytesRead } = await file.read(piece, at, piece.length - at);
          if (bytesRead === 0) return false;
          at += bytesRead;
        }
        if (!HOST_IS_LITTLE_ENDIAN) Buffer.from(piece.buffer, piece.byteOffset, piece.length).swap32();
      }
    }
    return true;
  } finally {
    await file.close();
  }
}

function* piecesOf(vector: Float32Array): Generator<Uint8Array> {
  for (let at = 0; at < vector.byteLength; at += PIECE_BYTES) {
    yield new Uint8Array(vector.buffer, vector.byteOffset + at, Math.min(PIECE_BYTES, vector.byteLength - at));
  }
}
