import { open } from 'node:fs/promises';
import { CHUNK_BYTES, chunkHash, rootOfChunks } from '../learning/chunks.ts';
import type { HeldModel, LearningService } from '../learning/types.ts';
import { concatBytes, equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { hasSystemCode } from '../store/errors.ts';
import { MAX_REMEMBERED_OUTLINES } from './limits.ts';
import type { ModelOutline } from './wire.ts';

/** The settled models on disk, for peers that ask for them piece by piece. */
export interface ModelFilesServer {
  outline(modelRoot: Hash): Promise<ModelOutline | undefined>;
  /** Undefined for what is not held (any more). */
  chunks(vector: Hash, first: number, count: number): Promise<Uint8Array | undefined>;
}

export function createModelFilesServer(dependencies: { readonly learning: Pick<LearningService, 'heldModels'> }): ModelFilesServer {
  const { learning } = dependencies;
  /** By model root, oldest first: hashing a model takes as long as reading it. */
  const outlines = new Map<string, Promise<ModelOutline | undefined>>();
  let held: readonly HeldModel[] = [];
  let asking: Promise<readonly HeldModel[]> | undefined;

  const find = (matches: (model: HeldModel) => boolean) => held.find(matches);

  /** Asks the engine, which lives in another thread, only for what is not known yet, and once for all who ask at a time. */
  async function findHeld(matches: (model: HeldModel) => boolean): Promise<HeldModel | undefined> {
    const known = find(matches);
    if (known !== undefined) return known;
    asking ??= learning.heldModels().finally(() => {
      asking = undefined;
    });
    held = await asking;
    return find(matches);
  }

  async function read(path: string, from: number, length: number): Promise<Uint8Array | undefined> {
    try {
      const file = await open(path, 'r');
      try {
        const buffer = new Uint8Array(length);
        const { bytesRead } = await file.read(buffer, 0, length, from);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (hasSystemCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Undefined when the file is gone, or the disk changed it. */
  async function chunkHashesOf({ root, path }: HeldModel['weights']): Promise<Uint8Array | undefined> {
    const hashes: Hash[] = [];
    let bytes = 0;
    for (;;) {
      const chunk = await read(path, bytes, CHUNK_BYTES);
      if (chunk === undefined) return undefined;
      if (chunk.length > 0) hashes.push(chunkHash(chunk));
      bytes += chunk.length;
      if (chunk.length < CHUNK_BYTES) break;
    }
    return hashes.length > 0 && equalBytes(rootOfChunks(bytes / 4, hashes), root) ? concatBytes(...hashes) : undefined;
  }

  async function outlineOf({ weights, momentum }: HeldModel): Promise<ModelOutline | undefined> {
    const weightsChunks = await chunkHashesOf(weights);
    const momentumChunks = await chunkHashesOf(momentum);
    if (weightsChunks === undefined || momentumChunks === undefined) return undefined;
    return { weights: weights.root, momentum: momentum.root, weightsChunks, momentumChunks };
  }

  return {
    async outline(modelRoot) {
      const model = await findHeld((each) => equalBytes(each.modelRoot, modelRoot));
      if (model === undefined) return undefined;
      const name = toHex(modelRoot);
      let outline = outlines.get(name);
      if (outline === undefined) {
        outline = outlineOf(model);
        outlines.set(name, outline);
        const [oldest] = outlines.keys();
        if (outlines.size > MAX_REMEMBERED_OUTLINES && oldest !== undefined) outlines.delete(oldest);
      }
      return outline;
    },
    async chunks(vector, first, count) {
      const isIt = (each: HeldModel) => equalBytes(each.weights.root, vector) || equalBytes(each.momentum.root, vector);
      const model = await findHeld(isIt);
      if (model === undefined) return undefined;
      const { path } = equalBytes(model.weights.root, vector) ? model.weights : model.momentum;
      return read(path, first * CHUNK_BYTES, count * CHUNK_BYTES);
    },
  };
}
