import type { TrainingEngine } from '../model/types.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import type { BlobStore } from '../store/kv.ts';
import type { BlobIndex } from './blob-index.ts';
import { ownCarried, readBeginning, readCarried } from './carried.ts';
import { littleEndianBytes } from './chunks.ts';
import { learningError } from './errors.ts';
import type { Gate } from './gate.ts';
import { leavesRoot } from './leaves.ts';
import type { ModelStore } from './models.ts';
import type { RoundRecord, RoundRecords } from './round-record.ts';
import { decodeState, encodeState, isStateOf, startStateRoot, stateByteLength, stateRoot } from './state.ts';
import type { Assignment, TrainedRound, TrainingProgress } from './types.ts';
import { loadStart, loadState, runSegment, stateAfter, type Workload } from './workload.ts';

/** Makes a round's segments, and the proof of them. One round at a time. */
export interface Trainer {
  /** As LearningService.train. */
  train(assignment: Assignment, onProgress: (progress: TrainingProgress) => void, maxSegments?: number): Promise<void>;
  finish(): Promise<TrainedRound | undefined>;
  /** Ends training of rounds before `round` at once; resolves when it has ended. */
  abandonBefore(round: number): Promise<void>;
}

export interface TrainerDependencies {
  /** Created on first use, then reused. */
  readonly engine: () => TrainingEngine;
  readonly models: Pick<ModelStore, 'current' | 'start' | 'left'>;
  readonly blobs: BlobStore;
  readonly index: BlobIndex;
  readonly records: RoundRecords;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Job {
  readonly assignment: Assignment;
  /** Aborted: no second segment is begun any more, and the running one no longer gives way to others. */
  readonly hurry: AbortController;
  abandoned: boolean;
  record: RoundRecord | undefined;
  /** Never rejects; an error goes to train()'s caller. */
  ended: Promise<void>;
  running: boolean;
}

export function createTrainer(workload: Workload, dependencies: TrainerDependencies): Trainer {
  const { models, blobs, index, records, gate, clock, log } = dependencies;
  let job: Job | undefined;
  let scratch: Uint8Array | undefined;
  let writing: Promise<void> = Promise.resolve();

  async function train(
    assignment: Assignment,
    onProgress: (progress: TrainingProgress) => void,
    maxSegments = workload.maxSegments,
  ): Promise<void> {
    if (job?.running) throw learningError('LEARNING_BUSY', `round ${job.assignment.round} is being trained; finish it first`);
    if (models.current().openRound !== assignment.round) {
      throw learningError(
        'LEARNING_WRONG_ROUND',
        `open is round ${models.current().openRound}, not ${assignment.round}: nothing to train on`,
      );
    }
    const next: Job = {
      assignment,
      hurry: new AbortController(),
      abandoned: false,
      record: undefined,
      ended: Promise.resolve(),
      running: true,
    };
    job = next;
    const work = run(next, onProgress, Math.min(maxSegments, workload.maxSegments)).finally(() => {
      next.running = false;
    });
    next.ended = work.catch(() => {});
    try {
      await work;
    } catch (error) {
      // The round is over and its files may be gone: nobody waits for this work any more.
      if (!next.abandoned) throw error;
      log.debug({ round: assignment.round, reason: messageOf(error) }, 'abandoned training ended with an error');
    }
  }

  async function run(current: Job, onProgress: (progress: TrainingProgress) => void, maxSegments: number): Promise<void> {
    // A failure of an earlier round's last write was told then.
    writing = Promise.resolve();
    try {
      await runSegments(current, onProgress, maxSegments);
    } finally {
      await writing;
    }
  }

  async function runSegments(current: Job, onProgress: (progress: TrainingProgress) => void, maxSegments: number): Promise<void> {
    const { assignment, hurry } = current;
    const { round, trainer, startRoot, beacon } = assignment;
    const start = await models.start(round, startRoot);
    const stored = await continuable(assignment);
    current.record = stored;
    if (stored?.update !== undefined) return;

    const carried =
      stored === undefined ? await ownCarried(await models.left(trainer), round, workload.updates, { blobs, index }) : stored.carried;
    const engine = dependencies.engine();
    const beginning = await readBeginning(start, carried, workload.updates, blobs);
    let record: RoundRecord = stored ?? {
      round,
      trainer,
      startRoot,
      beacon,
      stateRoots: [startStateRoot(beginning.weightsRoot, workload.parameters, carried, beginning.moments)],
      lossSums: [],
      update: undefined,
      carried,
    };
    if (record.lossSums.length === 0) loadStart(engine, beginning);
    else loadState(engine, decodeState(await lastState(record), workload.parameters));

    const tokensPerStep = workload.tokensPerSegment / workload.stepsPerSegment;
    const startedAt = clock.now();
    let ran = 0;
    let stepMs = 0;
    let stepStartedAt = startedAt;
    // Asked to finish before the first segment is done, it does that one: a round without any proves nothing.
    const goesOn = () => !current.abandoned && (record.lossSums.length === 0 || !hurry.signal.aborted);
    while (record.lossSums.length < maxSegments && goesOn()) {
      const segment = record.lossSums.length;
      const firstStep = segment * workload.stepsPerSegment - ran;
      const turn = async () => {
        await gate.quiet(hurry.signal);
        stepStartedAt = clock.now();
        return !current.abandoned;
      };
      const lossSum = await runSegment(engine, workload, { assignment, carried }, segment, turn, (loss) => {
        ran++;
        const now = clock.now();
        stepMs += now - stepStartedAt;
        const seconds = Math.max(now - startedAt, 1) / 1000;
        void tell(onProgress, {
          round,
          segments: segment,
          steps: firstStep + ran,
          loss,
          tokensPerSecond: (ran * tokensPerStep) / seconds,
          stepMs,
        });
      });
      if (lossSum === undefined) return;
      record = await keep(current, record, engine, lossSum);
    }
  }

  /**
   * Stores the state a segment ended in: first its name, then its bytes, then the record that needs them. They are written while the
   * next segment runs; `writing` says when.
   */
  async function keep(current: Job, record: RoundRecord, engine: TrainingEngine, lossSum: number): Promise<RoundRecord> {
    const state = stateAfter(engine, workload, record.stateRoots.length);
    const root = stateRoot(state, engine.hashChunks, record.carried);
    // The copy is the previous state's until that is written.
    await writing;
    scratch ??= new Uint8Array(stateByteLength(workload.parameters));
    const bytes = encodeState(state, scratch);
    const next = { ...record, stateRoots: [...record.stateRoots, root], lossSums: [...record.lossSums, lossSum] };
    writing = (async () => {
      await index.note(record.round, [root]);
      await blobs.put(root, bytes);
      await records.write(next);
      current.record = next;
    })();
    // Told to whoever waits for it next.
    writing.catch(() => {});
    return next;
  }

  /** What an earlier run of this program left of the same round, when its states are all there. */
  async function continuable(assignment: Assignment): Promise<RoundRecord | undefined> {
    const record = await records.read(assignment.round, assignment.trainer);
    if (record === undefined || !equalBytes(record.startRoot, assignment.startRoot) || !equalBytes(record.beacon, assignment.beacon)) {
      return undefined;
    }
    // A proof given out stands, whatever became of its states.
    if (record.update !== undefined) return record;
    // All states, not the last alone: a damaged one could not be opened later.
    for (const root of record.stateRoots.slice(1)) {
      if ((await storedState(root, record.carried)) !== undefined) continue;
      log.warn({ round: record.round }, 'a state of this round is damaged or gone; training it anew');
      return undefined;
    }
    return record;
  }

  /** A state's bytes, verified; a damaged blob is deleted, so that it can be put again. */
  async function storedState(root: Hash, carried: Hash | undefined): Promise<Uint8Array | undefined> {
    const bytes = await blobs.get(root);
    if (bytes === undefined || isStateOf(root, bytes, workload.parameters, dependencies.engine().hashChunks, carried)) return bytes;
    await blobs.delete(root);
    return undefined;
  }

  async function lastState(record: RoundRecord): Promise<Uint8Array> {
    const root = record.stateRoots[record.stateRoots.length - 1];
    const bytes = root === undefined ? undefined : await storedState(root, record.carried);
    if (bytes === undefined) {
      throw learningError('LEARNING_STORE_CORRUPT', `the last state of round ${record.round} is damaged or gone; train the round again`);
    }
    return bytes;
  }

  async function finish(): Promise<TrainedRound | undefined> {
    const current = job;
    if (current === undefined) return undefined;
    current.hurry.abort();
    await current.ended;
    const { record, abandoned, assignment } = current;
    if (abandoned || record === undefined || record.lossSums.length === 0) return undefined;
    const proven = record.update === undefined ? await prove(record, assignment) : record;
    current.record = proven;
    return toProof(proven);
  }

  /** Makes the update from the last stored state: an engine may have gone on into a segment that failed. */
  async function prove(record: RoundRecord, assignment: Assignment): Promise<RoundRecord> {
    const start = await models.start(assignment.round, assignment.startRoot);
    const end = decodeState(await lastState(record), workload.parameters);
    const before = await readCarried(record.carried, workload.updates, blobs);
    const { bytes, carried } = workload.updates.make(start.weights, end, before);
    const hash = sha256(bytes);
    await index.note(record.round, carried === undefined ? [hash] : [hash, carried.root]);
    if (carried !== undefined) await blobs.put(carried.root, littleEndianBytes(carried.vector));
    await blobs.put(hash, bytes);
    const proven = { ...record, update: { hash, bytes: bytes.length } };
    await records.write(proven);
    return proven;
  }

  function toProof(record: RoundRecord): TrainedRound | undefined {
    const { round, trainer, stateRoots, lossSums, update } = record;
    if (update === undefined) return undefined;
    const segments = lossSums.length;
    return {
      trainer,
      round,
      segments,
      tokens: segments * workload.tokensPerSegment,
      leavesRoot: leavesRoot(workload.scope(round, trainer), stateRoots),
      updateHash: update.hash,
      updateBytes: update.bytes,
      loss: Math.fround(lossSums.reduce((sum, value) => sum + value, 0) / (segments * workload.stepsPerSegment)),
    };
  }

  return {
    train,
    finish,
    async abandonBefore(round) {
      if (job === undefined || job.assignment.round >= round) return;
      job.abandoned = true;
      job.hurry.abort();
      await job.ended;
    },
  };
}

/** The listener may be a proxy to a thread that has ended: its failure must not stop training, nor go unhandled. */
async function tell(onProgress: (progress: TrainingProgress) => void, progress: TrainingProgress): Promise<void> {
  try {
    await onProgress(progress);
  } catch {
    // Progress is for the eye only.
  }
}
