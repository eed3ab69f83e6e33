import type { Dataset } from '../data/types.ts';
import { initialiseWeights } from '../model/initialise.ts';
import type { TrainingEngine } from '../model/types.ts';
import type { Backend } from '../numerics/backend.ts';
import type { Genesis } from '../params/genesis.ts';
import { equalBytes, fromHex, toHex } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { isPolError } from '../primitives/errors.ts';
import { sha256 } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import type { BlobStore } from '../store/kv.ts';
import { readBaseWeights } from './assets.ts';
import { openBlobIndex } from './blob-index.ts';
import { type ArithmeticFault, createChecker } from './checker.ts';
import { learningError } from './errors.ts';
import { createEvaluator } from './evaluator.ts';
import { createGate, createQueue } from './gate.ts';
import { modelRootOf, startRootOf } from './model-root.ts';
import { openModelStore } from './models.ts';
import { createKeptOpenings } from './openings.ts';
import { openRoundRecords } from './round-record.ts';
import { createTrainer } from './trainer.ts';
import type { LearningService, UpdateReference } from './types.ts';
import { createUpdateGate } from './update-gate.ts';
import { maxUpdateMagnitude } from './update-limit.ts';
import { createWorkload } from './workload.ts';

/** The open round and the sealed one. */
const UNSETTLED_ROUNDS = 2;
/** The round that a crash may have to merge again. */
export const LEAST_KEPT_ROUNDS = 1;

/** What a learning service is made of; service.ts makes them from a genesis. */
export interface LearningParts {
  readonly genesis: Genesis;
  readonly directory: string;
  /** Folders with the files that the genesis names by hash (assets.ts). */
  readonly assets?: readonly string[];
  readonly dataset: Dataset;
  readonly backend: Backend;
  /** Creates the backend that a mismatch is executed on again; undefined when `backend` is the reference itself. */
  readonly confirmingBackend: (() => Promise<Backend>) | undefined;
  readonly createEngine: (backend: Backend) => TrainingEngine;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFault: (fault: ArithmeticFault) => void;
  /** Settled rounds whose updates, states, openings and start weights are kept, so that their proofs can be judged again. */
  readonly keepRounds?: number;
}

/**
 * Puts the parts together. Models, checks and training each have a queue of their own; training rests while the other two work, they
 * do not wait for each other, and nothing waits for more than one step of another.
 */
export async function assembleLearningService(parts: LearningParts): Promise<LearningService> {
  const { genesis, directory, dataset, blobs, log } = parts;
  const workload = createWorkload(genesis, { dataset });
  const { parameters } = workload;
  const keptRounds = UNSETTLED_ROUNDS + Math.max(LEAST_KEPT_ROUNDS, parts.keepRounds ?? LEAST_KEPT_ROUNDS);
  const models = await openModelStore(
    {
      directory,
      parameters,
      genesisHash: workload.genesisHash,
      outer: { learningRate: genesis.learning.outer_learning_rate, momentum: genesis.learning.outer_momentum },
      keptStarts: keptRounds - 1,
      updates: workload.updates,
    },
    { update: (hash) => blobs.get(hash), initialWeights, log },
  );

  async function initialWeights(): Promise<Float32Array> {
    if (genesis.base_model !== undefined) return readBaseWeights(genesis, parts.assets ?? []);
    const weights = new Float32Array(parameters);
    initialiseWeights(genesis.model, fromHex(genesis.learning.init_seed, 32), weights);
    return weights;
  }
  const index = await openBlobIndex({ directory }, { blobs });
  const records = await openRoundRecords({ directory });
  const openings = createKeptOpenings({ blobs, index });
  const gate = createGate();
  const closing = new AbortController();
  const trainingEngine = once(() => parts.createEngine(parts.backend));
  const checkingEngine = once(() => parts.createEngine(parts.backend));

  const trainer = createTrainer(workload, {
    engine: trainingEngine.get,
    models,
    blobs,
    index,
    records,
    gate,
    clock: parts.clock,
    log,
  });
  const checker = createChecker(workload, {
    engine: checkingEngine.get,
    confirmingEngine: async () => parts.confirmingBackend && parts.createEngine(await parts.confirmingBackend()),
    models,
    blobs,
    index,
    openings,
    closing: closing.signal,
    onFault(fault) {
      log.error(
        { round: fault.round, trainer: toHex(fault.trainer), segment: fault.segment, backend: parts.backend.name },
        'this machine computed a segment wrongly and a second execution set it right; run pol-node doctor',
      );
      parts.onFault(fault);
    },
  });
  const evaluator = createEvaluator({
    engine: checkingEngine.get,
    settled: async () => ({ root: modelRootOf(models.current().settled), weights: await models.settledWeights() }),
    dataset,
    contextLength: genesis.model.context_length,
  });

  const updateGate = createUpdateGate({
    engine: checkingEngine.get,
    models,
    update: (hash) => blobs.get(hash),
    format: workload.updates,
    dataset,
    contextLength: genesis.model.context_length,
  });

  const modelWork = createQueue();
  const checkWork = createQueue();
  const finishing = createQueue();
  const largestUpdate = maxUpdateMagnitude(genesis) * workload.updates.largestShare;

  function assertOpen(): void {
    if (closing.signal.aborted) throw learningError('LEARNING_CLOSED', 'the learning service was closed; create another one');
  }

  async function onModels<T>(task: () => Promise<T>): Promise<T> {
    assertOpen();
    return gate.urgent(() => modelWork.run(task));
  }

  async function onChecker<T>(task: () => Promise<T>): Promise<T> {
    assertOpen();
    return gate.urgent(() =>
      checkWork.run(() => {
        assertOpen();
        return task();
      }),
    );
  }

  async function tidy(openRound: number): Promise<void> {
    await trainer.abandonBefore(openRound);
    const oldest = openRound - keptRounds + 1;
    await index.dropBefore(oldest);
    await records.dropBefore(oldest);
  }

  async function updateIsValid(reference: UpdateReference): Promise<boolean> {
    assertOpen();
    const bytes = await blobs.get(reference.updateHash);
    if (bytes?.length !== workload.updates.byteLength || !equalBytes(sha256(bytes), reference.updateHash)) return false;
    // A round that seals it names it again.
    if (!index.knows(reference.updateHash)) await index.note(models.current().openRound, [reference.updateHash]);
    try {
      return workload.updates.decode(bytes).largest() <= largestUpdate;
    } catch (error) {
      if (isPolError(error, 'LEARNING_UPDATE_INVALID')) return false;
      throw error;
    }
  }

  return {
    backendName: parts.backend.name,
    parameters,
    async current() {
      const { openRound, settled, start } = models.current();
      return { round: openRound, modelRoot: modelRootOf(settled), startRoot: startRootOf(start) };
    },
    boundary: (input) => onModels(() => models.boundary(input)),
    commitBoundary: (input) =>
      onModels(async () => {
        await index.note(
          input.round,
          input.sealed.map((update) => update.updateHash),
        );
        await models.commit(input);
        await tidy(models.current().openRound);
      }),
    updateIsValid,
    async train(assignment, onProgress, maxSegments) {
      assertOpen();
      await trainer.train(assignment, onProgress, maxSegments);
    },
    async finishTraining() {
      assertOpen();
      return finishing.run(() => trainer.finish());
    },
    async obtain(proof, assignment, segment, source) {
      assertOpen();
      return checker.obtain(proof, assignment, segment, source);
    },
    check: (proof, assignment, segments, source) => onChecker(() => checker.check(proof, assignment, segments, source)),
    evaluate: () => onChecker(() => evaluator.evaluate()),
    measureUpdates: (request) => onChecker(() => updateGate.measure(request)),
    async heldModels() {
      assertOpen();
      return models.heldModels();
    },
    async heldStarts() {
      assertOpen();
      return models.heldStarts();
    },
    importSnapshot: (files, expected) =>
      onModels(async () => {
        await index.note(
          Math.max(expected.openRound - 1, 0),
          expected.sealed.map((update) => update.updateHash),
        );
        await models.importSnapshot(files, expected);
        await tidy(expected.openRound);
      }),
    async settledWeightsPath() {
      assertOpen();
      return models.settledWeightsPath();
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await trainer.abandonBefore(Number.POSITIVE_INFINITY);
      const rest = async () => {};
      await Promise.all([modelWork.run(rest), checkWork.run(rest), finishing.run(rest)]);
      trainingEngine.release();
      checkingEngine.release();
    },
  };
}

/** An engine made on first use: a node that neither trains nor checks spends no memory on one. */
function once(create: () => TrainingEngine) {
  let engine: TrainingEngine | undefined;
  return {
    get(): TrainingEngine {
      engine ??= create();
      return engine;
    },
    release(): void {
      engine?.release();
      engine = undefined;
    },
  };
}
