import { createMutex } from '../../chain/mutex.ts';
import type { Opening, ProofOperation } from '../../codec/types.ts';
import { learningError } from '../../learning/errors.ts';
import { type LeafScope, leavesRoot, openerOf } from '../../learning/leaves.ts';
import type { Openings } from '../../learning/openings.ts';
import type { Assignment, LearningService, TrainedRound, TrainingProgress } from '../../learning/types.ts';
import { equalBytes, toHex } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { type Hash, sha256 } from '../../primitives/hash.ts';
import type { Address } from '../../primitives/keys.ts';
import type { ProtocolContext } from '../../protocol/context.ts';
import type { BlobStore } from '../../store/kv.ts';
import { createSimulatedChecker } from './checker.ts';
import { type ModelDisk, newModelDisk, openSimulatedModels, PARAMETERS } from './models.ts';
import {
  encodeState,
  encodeUpdate,
  endOfSegment,
  isSpoiltUpdate,
  type State,
  startOf,
  stateRoot,
  UPDATE_BYTES,
  type Work,
} from './states.ts';

/** What a cheating trainer does otherwise; the learning engine does the rest as assigned. */
export interface TrainingPolicy {
  /** In the place of a segment. */
  work?(assignment: Assignment, segment: number): Work;
  /** The state it begins with. */
  start?(first: State): State;
  /** The update it publishes. */
  update?(honest: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** What its leaves are bound to. */
  scope?(own: LeafScope): LeafScope;
}

/** How a segment stands: what was done, or why a check of it fails though its work was done. */
export type SegmentWork = Work | 'crafted-start' | 'false-update';

export interface SimulatedLearningOptions {
  readonly context: ProtocolContext;
  /** Virtual time of one honest segment on this machine. */
  readonly segmentMs: number;
  readonly policy?: TrainingPolicy;
}

export interface SimulatedLearningDependencies {
  readonly disk: LearningDisk;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly meter: LearningMeter;
}

/** What survives a crash. */
export interface LearningDisk {
  readonly models: ModelDisk;
  /** By round and trainer: segments done, and the proof once it was given out. */
  readonly records: Map<string, RoundRecord>;
}

export interface RoundRecord {
  readonly round: number;
  readonly trainer: Address;
  readonly startRoot: Hash;
  readonly beacon: Hash;
  readonly startWeights: Hash;
  /** States 0 … k. */
  readonly states: readonly State[];
  /** Of segments 0 … k−1. */
  readonly works: readonly SegmentWork[];
  readonly proof: TrainedRound | undefined;
}

/** What a machine did, over all its lives: nobody in the network sees it, the measurements do. */
export interface LearningMeter {
  trainingMs: number;
  checkingMs: number;
  /** Segments executed for a proof; forged ones are none. */
  segmentsTrained: number;
  segmentsChecked: number;
  /** Told what is behind each proof given out. */
  onProof(record: RoundRecord & { readonly proof: TrainedRound }): void;
}

export interface SimulatedLearning extends LearningService, Openings {
  /** Serves openings of states that were not trained here: for adversaries. */
  adopt(record: RoundRecord): void;
  scope(round: number, trainer: Address): LeafScope;
}

/** Virtual costs that do not depend on the machine. */
const MERGE_MS = 15;
const EVALUATE_MS = 25;
/** Held-out loss with a spoilt update in the place of 1: far beyond what the gate tolerates. */
const SPOILT_LOSS = 4;
/** Rounds of which openings are served. */
const KEPT_ROUNDS = 3;

interface Job {
  readonly assignment: Assignment;
  hurried: boolean;
  abandoned: boolean;
  running: boolean;
  record: RoundRecord | undefined;
  /** Cuts the running segment short. */
  interrupt: () => void;
  ended: Promise<void>;
}

export function newLearningDisk(): LearningDisk {
  return { models: newModelDisk(), records: new Map() };
}

/**
 * SIMULATED learning engine behind the production interface: states are hashes (states.ts), models merge by hashing
 * (models.ts), work costs virtual time. Leaves, openings, roots and all bookkeeping are the production code's or follow it.
 */
export function createSimulatedLearning(
  options: SimulatedLearningOptions,
  { disk, blobs, clock, meter }: SimulatedLearningDependencies,
): SimulatedLearning {
  const { genesis, genesisHash } = options.context;
  const { segmentMs, policy = {} } = options;
  const models = openSimulatedModels(disk.models, blobs);
  const modelWork = createMutex();
  const checkWork = createMutex();
  /** All authorities ask for segments of the same few proofs. */
  const openers = new WeakMap<RoundRecord, ReturnType<typeof openerOf>>();
  let job: Job | undefined;

  const scope = (round: number, trainer: Address): LeafScope => ({ chainId: genesis.chain_id, genesisHash, round, trainer });
  const scopeOfOwn = (round: number, trainer: Address) => policy.scope?.(scope(round, trainer)) ?? scope(round, trainer);
  const nameOf = (round: number, trainer: Address) => `${round} ${toHex(trainer)}`;
  const keep = (record: RoundRecord) => void disk.records.set(nameOf(record.round, record.trainer), record);
  const busy = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  const checker = createSimulatedChecker(
    { scope, segmentMs, steps: genesis.rounds.steps_per_segment },
    {
      models,
      blobs,
      async work(ms) {
        meter.segmentsChecked++;
        meter.checkingMs += ms;
        await busy(ms);
      },
    },
  );

  async function train(assignment: Assignment, onProgress: (progress: TrainingProgress) => void, maxSegments?: number): Promise<void> {
    if (job?.running) throw learningError('LEARNING_BUSY', `round ${job.assignment.round} is being trained`);
    if (models.openRound !== assignment.round) throw learningError('LEARNING_WRONG_ROUND', `open is round ${models.openRound}`);
    const next: Job = {
      assignment,
      hurried: false,
      abandoned: false,
      running: true,
      record: undefined,
      interrupt() {},
      ended: Promise.resolve(),
    };
    job = next;
    const work = run(next, onProgress, maxSegments).finally(() => {
      next.running = false;
    });
    next.ended = work.catch(() => {});
    await work;
  }

  async function run(
    current: Job,
    onProgress: (progress: TrainingProgress) => void,
    maxSegments = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const { assignment } = current;
    let record = continuable(assignment) ?? (await begin(assignment));
    current.record = record;
    if (record.proof !== undefined) return;
    let stepMs = 0;
    const startedAt = clock.now();
    const { max_segments, steps_per_segment } = genesis.rounds;
    // A forged segment is never left as the last one: the last is always checked, and its forger knows.
    const goesOn = () => record.works.length === 0 || !current.hurried || record.works.at(-1) === 'forged';
    while (record.works.length < Math.min(max_segments, maxSegments) && !current.abandoned && goesOn()) {
      const work = policy.work?.(assignment, record.works.length) ?? 'honest';
      if (work !== 'forged') {
        const before = clock.now();
        await pause(segmentMs, current);
        stepMs += clock.now() - before;
        meter.trainingMs += clock.now() - before;
        if (current.abandoned) return;
        meter.segmentsTrained++;
      }
      const state = endOfSegment(record.states.at(-1) as State, assignment, work);
      await blobs.put(stateRoot(state), encodeState(state));
      const isCrafted = record.works.length === 0 && policy.start !== undefined;
      record = { ...record, states: [...record.states, state], works: [...record.works, isCrafted ? 'crafted-start' : work] };
      keep(record);
      current.record = record;
      const segments = record.works.length;
      const seconds = Math.max(clock.now() - startedAt, 1) / 1_000;
      onProgress({
        round: assignment.round,
        segments,
        steps: segments * steps_per_segment,
        loss: 1,
        tokensPerSecond: tokensOf(segments) / seconds,
        stepMs,
      });
    }
  }

  function pause(ms: number, current: Job): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(ms, resolve);
      current.interrupt = () => {
        cancel();
        resolve();
      };
    });
  }

  function continuable({ round, trainer, startRoot, beacon }: Assignment): RoundRecord | undefined {
    const record = disk.records.get(nameOf(round, trainer));
    return record !== undefined && equalBytes(record.startRoot, startRoot) && equalBytes(record.beacon, beacon) ? record : undefined;
  }

  async function begin({ round, trainer, startRoot, beacon }: Assignment): Promise<RoundRecord> {
    const startWeights = models.start(round, startRoot);
    const honest = startOf(startWeights);
    const first = policy.start?.(honest) ?? honest;
    await blobs.put(stateRoot(first), encodeState(first));
    return { round, trainer, startRoot, beacon, startWeights, states: [first], works: [], proof: undefined };
  }

  const tokensOf = (segments: number) =>
    segments * genesis.rounds.steps_per_segment * genesis.learning.batch_size * genesis.model.context_length;

  async function finishTraining(): Promise<TrainedRound | undefined> {
    const current = job;
    if (current === undefined) return undefined;
    current.hurried = true;
    await current.ended;
    const { record, abandoned } = current;
    if (abandoned || record === undefined || record.works.length === 0) return undefined;
    if (record.proof !== undefined) return record.proof;
    const { round, trainer, states, works, startWeights } = record;
    const honest = encodeUpdate(startWeights, states.at(-1) as State);
    const bytes = (await policy.update?.(honest)) ?? honest;
    const hash = sha256(bytes);
    await blobs.put(hash, bytes);
    const proof: TrainedRound = {
      trainer,
      round,
      segments: works.length,
      tokens: tokensOf(works.length),
      leavesRoot: leavesRoot(scopeOfOwn(round, trainer), states.map(stateRoot)),
      updateHash: hash,
      updateBytes: bytes.length,
      loss: 1,
    };
    const isFalse = !equalBytes(bytes, honest);
    const proven = { ...record, works: isFalse ? [...works.slice(0, -1), 'false-update' as const] : works, proof };
    keep(proven);
    current.record = proven;
    meter.onProof(proven);
    return proof;
  }

  function opening(round: number, trainer: Address, segment: number): Opening | undefined {
    const record = disk.records.get(nameOf(round, trainer));
    if (record?.proof === undefined) return undefined;
    const open = openers.get(record) ?? openerOf(scopeOfOwn(round, trainer), record.states.map(stateRoot));
    openers.set(record, open);
    return open(segment);
  }

  async function abandonBefore(round: number): Promise<void> {
    if (job !== undefined && job.assignment.round < round) {
      job.abandoned = true;
      job.hurried = true;
      job.interrupt();
      await job.ended;
    }
    for (const [name, record] of disk.records) if (record.round < round - KEPT_ROUNDS) disk.records.delete(name);
  }

  return {
    backendName: 'simulated',
    parameters: PARAMETERS,
    current: async () => ({ round: models.openRound, ...models.roots }),
    boundary: (input) =>
      modelWork.run(async () => {
        if (!models.isComputed(input)) await busy(MERGE_MS);
        return models.boundary(input);
      }),
    commitBoundary: (input) =>
      modelWork.run(async () => {
        await models.commit(input);
        await abandonBefore(models.openRound);
      }),
    async updateIsValid({ updateHash }) {
      const bytes = await blobs.get(updateHash);
      return bytes?.length === UPDATE_BYTES && equalBytes(sha256(bytes), updateHash);
    },
    train,
    finishTraining,
    opening: async (round, trainer, segment) => opening(round, trainer, segment),
    obtain: checker.obtain,
    check: (proof: ProofOperation, assignment, segments, source) => checkWork.run(() => checker.check(proof, assignment, segments, source)),
    evaluate: () =>
      checkWork.run(async () => {
        await busy(EVALUATE_MS);
        return measurementOf(models.roots.modelRoot);
      }),
    // No other update raises a simulated loss: the gate lets all pass.
    measureUpdates: ({ updates }) =>
      checkWork.run(async () => {
        await busy(EVALUATE_MS);
        const bytes = await Promise.all(updates.map((hash) => blobs.get(hash)));
        return { baseline: 1, losses: bytes.map((update) => (update !== undefined && isSpoiltUpdate(update) ? SPOILT_LOSS : 1)) };
      }),
    // Simulated models are in no files; nodes follow block by block.
    heldModels: async () => [],
    heldStarts: async () => [],
    importSnapshot: async () => {
      throw learningError('LEARNING_SNAPSHOT_INVALID', 'a simulated node takes over no snapshot');
    },
    settledWeightsPath: async () => {
      throw learningError('LEARNING_CLOSED', 'a simulated model has no file');
    },
    close: async () => {},
    adopt: keep,
    scope,
  };
}

/** In the place of a held-out loss: a number that every node computes alike from the model, and that nobody guesses. */
function measurementOf(modelRoot: Hash): { readonly loss: number; readonly accuracy: number } {
  const view = new DataView(modelRoot.buffer, modelRoot.byteOffset, modelRoot.byteLength);
  return { loss: Math.fround(1 + view.getUint32(0) / 2 ** 32), accuracy: Math.fround(view.getUint32(4) / 2 ** 32) };
}
