import type { Dataset } from '../../data/types.ts';
import { initialiseWeights } from '../../model/initialise.ts';
import { learningRateAt } from '../../model/schedule.ts';
import { createTrainingEngine } from '../../model/training-engine.ts';
import type { TrainingMemoryOptions } from '../../model/training-plan.ts';
import type { StepResult } from '../../model/types.ts';
import type { Backend } from '../../numerics/backend.ts';
import { fromHex, toHex } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { HELD_OUT_SEQUENCES, measureHeldOut } from '../held-out.ts';
import { stateRoot } from '../state.ts';
import type { Checkpoint, HeldOutMeasurement } from './checkpoints.ts';
import { runError } from './errors.ts';
import { initialSeed, type LineageEvent, learningConfigOf, type RunConfig } from './run-config.ts';
import type { RunDirectory } from './run-directory.ts';
import { createSequenceOrder } from './sequence-order.ts';

export interface TrainingRunOptions {
  /** The directory's own configuration, or with more steps (see `withTotalSteps`), when it holds a run already. */
  readonly config: RunConfig;
  /** Choices of the machine, which never change a bit. */
  readonly memory: TrainingMemoryOptions;
}

export interface TrainingRunDependencies {
  readonly directory: RunDirectory;
  readonly backend: Backend;
  readonly dataset: Dataset;
  /** Name and version, for the lineage. */
  readonly program: string;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Told when a checkpoint's files do not have its bits and the one before is taken. */
  readonly onDamaged: (checkpoint: Checkpoint) => void;
}

/** A single machine's training, between two steps. Weights, moments and the next batch follow from the configuration and the step alone. */
export interface TrainingRun {
  /** Steps done. */
  readonly step: number;
  /** Newest measurement on held-out text, also from before a restart. */
  readonly heldOut: HeldOutMeasurement | undefined;
  /** Trains one step. @throws MODEL_DIVERGED: the checkpoints before it are untouched */
  advance(): StepResult & { readonly learningRate: number };
  /** Measures the first held-out sequences. */
  evaluate(): Promise<HeldOutMeasurement>;
  /** Makes the state durable. @throws RUN_WRITE_FAILED */
  save(): Promise<Checkpoint>;
  /** Identity of the state: equal roots, equal bits of weights and moments. */
  root(): Hash;
  /** Frees the memory. Does not save. */
  release(): void;
}

/**
 * Starts the run of an empty directory, or takes up the newest sound checkpoint of one that trained before.
 * @throws RUN_CHECKPOINT_DAMAGED, RUN_WRITE_FAILED; NUMERICS_OUT_OF_MEMORY (see `chooseMemory`)
 */
export async function openTrainingRun(options: TrainingRunOptions, dependencies: TrainingRunDependencies): Promise<TrainingRun> {
  const { config, memory } = options;
  const { directory, dataset, backend } = dependencies;
  const { model } = config;
  const learning = learningConfigOf(config);
  const engine = createTrainingEngine({ ...memory, model, learning }, { backend });
  const batch = createSequenceOrder({
    dataset,
    seed: config.seed,
    batchSize: learning.batch_size,
    contextLength: model.context_length,
  });
  let step = 0;
  let heldOut: HeldOutMeasurement | undefined;
  let known: Pick<Checkpoint, 'step' | 'state_root'> | undefined;
  try {
    const restored = await directory.checkpoints.restore(engine, dependencies.onDamaged);
    if (restored === undefined) {
      initialiseWeights(model, initialSeed(config.seed), engine.weights);
      engine.clearMoments();
    } else {
      step = restored.step;
      known = restored;
      heldOut = restored.held_out;
    }
    await record(restored === undefined ? 'started' : 'resumed');
  } catch (error) {
    engine.release();
    throw error;
  }

  function state() {
    const { weights, firstMoment, secondMoment, hashChunks } = engine;
    return { weights, firstMoment, secondMoment, hashChunks, step };
  }

  /** Hashing a large state takes seconds: one that was saved or restored is known by its checkpoint. */
  function root(): Hash {
    if (known?.step !== step) known = { step, state_root: toHex(stateRoot(state(), engine.hashChunks)) };
    return fromHex(known.state_root);
  }

  async function record(event: LineageEvent['event']): Promise<void> {
    const { document } = directory;
    const lineage = [...(document?.lineage ?? [])];
    const common = {
      step,
      at: new Date(dependencies.now()).toISOString(),
      program: dependencies.program,
      backend: backend.name,
      state_root: toHex(root()),
    };
    const { total_steps } = config.learning;
    if (document !== undefined && document.config.learning.total_steps !== total_steps) {
      lineage.push({ event: 'steps-changed', ...common, total_steps });
    }
    lineage.push({ event, ...common });
    await directory.write({ format: 'pol-run-1', parameters: engine.layout.count, config, lineage });
  }

  return {
    get step() {
      return step;
    },
    get heldOut() {
      return heldOut;
    },
    advance() {
      const learningRate = learningRateAt(step, learning);
      const result = engine.step(batch(step), { adamStep: step + 1, learningRate });
      step++;
      return { ...result, learningRate };
    },
    async evaluate() {
      const at = step;
      const { loss, accuracy } = await measureHeldOut(engine, dataset, model.context_length, HELD_OUT_SEQUENCES);
      heldOut = { step: at, loss, accuracy };
      return heldOut;
    },
    async save() {
      const saved = await directory.checkpoints.save(state(), heldOut);
      known = saved;
      return saved;
    },
    root,
    release: () => engine.release(),
  };
}

/**
 * The run with another length. Allowed as long as every step done had the learning rate it would have had: a run can be prolonged
 * (or cut) until its decay begins.
 * @throws RUN_MISMATCH naming learning.total_steps
 */
export function withTotalSteps(config: RunConfig, totalSteps: number, stepsDone: number): RunConfig {
  if (totalSteps < stepsDone) {
    throw runError(
      'RUN_MISMATCH',
      `learning.total_steps: the run did ${stepsDone} already, and ${totalSteps} were asked for; leave --steps out`,
      {
        data: { field: 'learning.total_steps' },
      },
    );
  }
  const changed: RunConfig = { ...config, learning: { ...config.learning, total_steps: totalSteps } };
  const [before, after] = [learningConfigOf(config), learningConfigOf(changed)];
  for (let step = 0; step < stepsDone; step++) {
    if (learningRateAt(step, before) === learningRateAt(step, after)) continue;
    throw runError(
      'RUN_MISMATCH',
      `learning.total_steps: the run has ${config.learning.total_steps} and did ${stepsDone}, and with ${totalSteps} step ${step + 1} would have had another learning rate; leave --steps out to resume, or choose another --out`,
      { data: { field: 'learning.total_steps' } },
    );
  }
  return changed;
}
