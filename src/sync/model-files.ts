import { open } from 'node:fs/promises';
import { CHUNK_BYTES, chunkHash, rootOfChunks } from '../learning/chunks.ts';
import type { HeldModel, HeldStart, LearningService } from '../learning/types.ts';
import { concatBytes, equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { hasSystemCode } from '../store/errors.ts';
import { MAX_REMEMBERED_OUTLINES } from './limits.ts';
import type { ModelOutline, StartOutline } from './wire.ts';

/** The settled models and the starts of rounds on disk, for peers that ask for them piece by piece. */
export interface ModelFilesServer {
  outline(modelRoot: Hash): Promise<ModelOutline | undefined>;
  start(startRoot: Hash): Promise<StartOutline | undefined>;
  /** Undefined for what is not held (any more). */
  chunks(vector: Hash, first: number, count: number): Promise<Uint8Array | undefined>;
}

export function createModelFilesServer(dependencies: {
  readonly learning: Pick<LearningService, 'heldModels' | 'heldStarts'>;
}): ModelFilesServer {
  const { learning } = dependencies;
  /** By root, oldest first: hashing a model takes as long as reading it. */
  const outlines = new Map<string, Promise<ModelOutline | undefined>>();
  const startOutlines = new Map<string, Promise<StartOutline | undefined>>();
  const models = createHeldList(() => learning.heldModels());
  const starts = createHeldList(() => learning.heldStarts());

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

  async function startOutlineOf({ weights }: HeldStart): Promise<StartOutline | undefined> {
    const chunks = await chunkHashesOf(weights);
    return chunks && { weights: weights.root, chunks };
  }

  return {
    async outline(modelRoot) {
      const model = await models.find((each) => equalBytes(each.modelRoot, modelRoot));
      return model && remembered(outlines, modelRoot, () => outlineOf(model));
    },
    async start(startRoot) {
      const start = await starts.find((each) => equalBytes(each.startRoot, startRoot));
      return start && remembered(startOutlines, startRoot, () => startOutlineOf(start));
    },
    async chunks(vector, first, count) {
      const isIt = ({ root }: HeldModel['weights']) => equalBytes(root, vector);
      const isOfModel = ({ weights, momentum }: HeldModel) => isIt(weights) || isIt(momentum);
      const isOfStart = ({ weights }: HeldStart) => isIt(weights);
      // What is known of either comes before the engine is asked about the other.
      const model = models.known(isOfModel) ?? (starts.known(isOfStart) === undefined ? await models.find(isOfModel) : undefined);
      const found = model === undefined ? (await starts.find(isOfStart))?.weights : isIt(model.weights) ? model.weights : model.momentum;
      return found && read(found.path, first * CHUNK_BYTES, count * CHUNK_BYTES);
    },
  };
}

/** What the engine holds. It lives in another thread: it is asked only for what is not known yet, and once for all who ask at a time. */
function createHeldList<T>(ask: () => Promise<readonly T[]>) {
  let held: readonly T[] = [];
  let asking: Promise<readonly T[]> | undefined;
  const known = (matches: (each: T) => boolean) => held.find(matches);
  return {
    known,
    async find(matches: (each: T) => boolean): Promise<T | undefined> {
      const found = known(matches);
      if (found !== undefined) return found;
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      held = await asking;
      return known(matches);
    },
  };
}

function remembered<T>(outlines: Map<string, Promise<T>>, root: Hash, make: () => Promise<T>): Promise<T> {
  const name = toHex(root);
  let outline = outlines.get(name);
  if (outline === undefined) {
    outline = make();
    outlines.set(name, outline);
    const [oldest] = outlines.keys();
    if (outlines.size > MAX_REMEMBERED_OUTLINES && oldest !== undefined) outlines.delete(oldest);
  }
  return outline;
}
