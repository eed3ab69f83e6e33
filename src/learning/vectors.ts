import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { vectorRoot } from './chunks.ts';
import { learningError } from './errors.ts';
import { removeIfPresent, subdirectory } from './files.ts';
import { readVectors, writeVectors } from './vector-file.ts';

const SUFFIX = '.f32';

/** Vectors of one length by their root, one file of little-endian f32 each; a vector shared by two models is stored once. */
export interface VectorStore {
  path(root: Hash): string;
  /**
   * A fresh array, its root verified.
   * @throws LEARNING_STORE_CORRUPT when the file is missing or has another root
   */
  read(root: Hash): Promise<Float32Array>;
  write(root: Hash, vector: Float32Array): Promise<void>;
  /** Deletes all others, and what an interrupted write left. */
  keepOnly(roots: readonly Hash[]): Promise<void>;
}

export async function openVectorStore(options: { readonly directory: string; readonly parameters: number }): Promise<VectorStore> {
  const directory = await subdirectory(options.directory, 'vectors');
  const nameOf = (root: Hash) => `${toHex(root).slice(2)}${SUFFIX}`;
  const path = (root: Hash) => join(directory, nameOf(root));
  return {
    path,
    async read(root) {
      const vector = new Float32Array(options.parameters);
      if ((await readVectors(path(root), [vector])) && equalBytes(vectorRoot(vector), root)) return vector;
      throw learningError(
        'LEARNING_STORE_CORRUPT',
        `model file ${path(root)} is missing or damaged; restart the node to take the model from a peer`,
      );
    },
    write: (root, vector) => writeVectors(path(root), [vector]),
    async keepOnly(roots) {
      const kept = new Set(roots.map(nameOf));
      for (const name of await readdir(directory)) if (!kept.has(name)) await removeIfPresent(join(directory, name));
    },
  };
}
