import { loadDataset } from '../data/dataset.ts';
import { createTrainingEngine } from '../model/training-engine.ts';
import { selectBackend } from '../numerics/backends.ts';
import type { Genesis } from '../params/genesis.ts';
import { fromHex } from '../primitives/bytes.ts';
import { type Clock, systemClock } from '../primitives/clock.ts';
import { type Logger, silentLogger } from '../primitives/log.ts';
import type { BlobStore } from '../store/kv.ts';
import { assembleLearningService } from './assemble.ts';
import { openTextTokenizer } from './assets.ts';
import type { ArithmeticFault } from './checker.ts';
import { learningDirectory } from './files.ts';
import type { LearningService } from './types.ts';

/** Structured-clonable: the service usually lives in a worker thread. */
export interface LearningServiceOptions {
  readonly genesis: Genesis;
  /** The node's data directory; the service keeps to `learning/` in it. */
  readonly directory: string;
  /** As in the node's configuration: auto, native, wasm, reference, or a native variant. */
  readonly backend: string;
  readonly threads: number;
  /** Where tokenised data sets are kept; nodes may share it. */
  readonly datasetCache: string;
  /** Folders with the files that the genesis names by hash (assets.ts). */
  readonly assets?: readonly string[];
  /** What a relative `file:` source of the genesis is relative to; the working directory when left out. */
  readonly baseDirectory?: string;
  /** Sequences a pass takes at once, and whether activations are computed again instead of kept: memory against speed, never bits. */
  readonly microBatch?: number;
  readonly checkpointing?: boolean;
  /** Settled rounds whose proofs can be judged again (LearningParts.keepRounds). */
  readonly keepRounds?: number;
}

export interface LearningServiceDependencies {
  readonly blobs: BlobStore;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** Told when a second execution refuted a mismatch: this machine's memory or arithmetic is unsound. */
  readonly onFault?: (fault: ArithmeticFault) => void;
}

/**
 * Opens a node's learning engine: data set, backend, and the models on disk. Heavy memory (engines) is taken on first use.
 * @throws DATA_* when the text is missing or is not the genesis's; NUMERICS_* when the wanted backend is not to be had
 *
 * @example
 * const learning = await createLearningService(
 *   { genesis, directory: 'data/node', backend: 'auto', threads: 1, datasetCache: 'data/datasets' },
 *   { blobs: createFileBlobStore('data/node/blobs') },
 * );
 */
export async function createLearningService(
  options: LearningServiceOptions,
  dependencies: LearningServiceDependencies,
): Promise<LearningService> {
  const { genesis, threads, microBatch, checkpointing } = options;
  const { model, learning, data } = genesis;
  const log = dependencies.log ?? silentLogger;
  const backend = await selectBackend(
    { wanted: options.backend, threads },
    { onRefused: (name, reason) => log.warn({ backend: name, reason }, 'this backend cannot be used; taking the next one') },
  );
  const assets = options.assets ?? [];
  const tokenizer = await openTextTokenizer(genesis, assets);
  const dataset = await loadDataset(
    {
      source: data.source,
      vocabSize: model.vocab_size,
      contextLength: model.context_length,
      heldOutTokens: data.held_out_tokens,
      expectedRoot: fromHex(data.root, 32),
      heldOutPpm: data.held_out_ppm,
      tokenizer,
      cacheDirectory: options.datasetCache,
    },
    {
      remote: { fetch, clock: dependencies.clock ?? systemClock, environment: process.env },
      baseDirectory: options.baseDirectory ?? process.cwd(),
      onProgress: ({ bytesDone, bytesTotal }) => log.debug({ bytesDone, bytesTotal }, 'tokenising the data set'),
    },
  );
  const engineOptions = {
    model,
    learning,
    ...(microBatch === undefined ? {} : { microBatch }),
    ...(checkpointing === undefined ? {} : { checkpointing }),
  };
  const confirming = confirmingBackendOf(backend.name);
  return assembleLearningService({
    genesis,
    directory: learningDirectory(options.directory),
    assets,
    dataset,
    backend,
    confirmingBackend: confirming === undefined ? undefined : () => selectBackend({ wanted: confirming, threads: 1 }),
    createEngine: (on) => createTrainingEngine(engineOptions, { backend: on }),
    blobs: dependencies.blobs,
    clock: dependencies.clock ?? systemClock,
    log,
    onFault: dependencies.onFault ?? (() => {}),
    ...(options.keepRounds === undefined ? {} : { keepRounds: options.keepRounds }),
  });
}

/**
 * Where a mismatch is executed again before a proof is called fraudulent. WebAssembly is normative (docs/numerics.md) and a fresh
 * instance has other memory, so it also confirms itself: against a flipped bit, since its arithmetic passed the self-test. The scalar
 * reference would need minutes for one step of the smallest real model.
 */
export function confirmingBackendOf(name: string): string | undefined {
  return name === 'reference' ? undefined : 'wasm';
}
