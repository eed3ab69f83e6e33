import type { Fault, ProofOperation } from '../codec/types.ts';
import type { TrainingEngine } from '../model/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { BlobStore } from '../store/kv.ts';
import type { BlobIndex } from './blob-index.ts';
import { carriesAny, isVectorOf, mayBeginWith, readBeginning, readCarried } from './carried.ts';
import { learningError } from './errors.ts';
import { nextTurn } from './gate.ts';
import { gradientDigest } from './gradient-digest.ts';
import { verifyOpening } from './leaves.ts';
import type { ModelStore, RoundStart } from './models.ts';
import type { KeptOpenings } from './openings.ts';
import { decodeState, isStateOf, startStateRoot, stateByteLength, stateRoot, type TrainingState } from './state.ts';
import type { Assignment, LearningService, Opening, ProofSource, SegmentFinding } from './types.ts';
import type { CarriedVector } from './update-format.ts';
import { loadStart, loadState, runSegment, stateAfter, type Workload } from './workload.ts';

/** A mismatch that a second execution did not see: this machine, not the trainer, is at fault. */
export interface ArithmeticFault {
  readonly round: number;
  readonly trainer: Address;
  readonly segment: number;
}

export interface CheckerDependencies {
  /** Created on first use, then reused. */
  readonly engine: () => TrainingEngine;
  /** A fresh engine on a normative backend; undefined when `engine` already runs on the reference. Released after use. */
  readonly confirmingEngine: () => Promise<TrainingEngine | undefined>;
  readonly models: Pick<ModelStore, 'start'>;
  readonly blobs: BlobStore;
  readonly index: BlobIndex;
  readonly openings: KeptOpenings;
  readonly onFault: (fault: ArithmeticFault) => void;
  /** Aborted when the service closes: a check under way ends with LEARNING_CLOSED. */
  readonly closing: AbortSignal;
}

/** One call of `check` at a time. */
export type Checker = Pick<LearningService, 'check' | 'obtain'>;

interface Task {
  readonly proof: ProofOperation;
  readonly assignment: Assignment;
  readonly start: RoundStart;
  /** Where anything is carried: root of what the round began with of the trainer's own, by the proof's update. */
  readonly carried: Hash | undefined;
}

interface Execution {
  /** undefined: the claim holds. */
  readonly fault: Fault | undefined;
  readonly stepDigests: readonly Hash[];
}

type Vectors = Pick<TrainingEngine, 'weights' | 'firstMoment' | 'secondMoment'>;

/**
 * Judges segments of a proof, cheapest checks first, so that garbage costs its sender and not the checker. A segment is
 * 1. unavailable when it is not opened with valid Merkle paths: nobody can prove from a bad answer who made it;
 * 2. unavailable, where anything is carried, if it is the first or the last one and that is not what the round may begin with (carried.ts),
 *    or not served;
 * 3. fraud when leaf 0 is not the start of the round: the valid path proves what the trainer committed to;
 * 4. unavailable when the state it starts from is not served with the right bytes;
 * 5. fraud when it does not re-execute to the state it claims, or the last one not to the update of the proof, and the confirming
 *    engine found so too (docs/numerics.md); else held.
 */
export function createChecker(workload: Workload, dependencies: CheckerDependencies): Checker {
  const { models, blobs, index, openings: kept } = dependencies;
  const { parameters } = workload;
  let memory: Vectors | undefined;

  async function check(
    proof: ProofOperation,
    assignment: Assignment,
    segments: readonly number[],
    source: ProofSource,
  ): Promise<readonly SegmentFinding[]> {
    const wanted = canonicalSegments(proof, assignment, segments);
    const start = await models.start(assignment.round, assignment.startRoot);
    const carried = await carriedOf(proof);
    const task: Task = { proof, assignment, start, carried };
    const scope = workload.scope(assignment.round, assignment.trainer);
    const openings = new Map<number, Opening>();
    for (const segment of wanted) {
      const opening = await source.opening(proof, segment);
      if (opening === undefined || !verifyOpening(scope, proof, segment, opening)) continue;
      openings.set(segment, opening);
      await kept.keep(proof.round, proof.trainer, opening);
    }

    const engine = dependencies.engine();
    const findings: SegmentFinding[] = [];
    for (const segment of wanted) {
      const opening = openings.get(segment);
      const before = findings.at(-1);
      // A segment that held left its end in the engine: nothing is fetched for the one after it.
      const continues = before?.result === 'held' && before.segment === segment - 1;
      const obstacle =
        opening === undefined
          ? 'unavailable'
          : ((await obtainCarried(segment, task, source)) ?? (continues ? undefined : await enter(engine, opening, task, source)));
      if (opening === undefined || obstacle === 'unavailable') findings.push({ segment, result: 'unavailable' });
      else if (obstacle !== undefined) findings.push({ segment, result: 'fraud', fault: obstacle, stepDigests: [] });
      else findings.push(await judge(engine, opening, task));
    }
    return findings;
  }

  /** What the round began with, by the proof's update; its states are bound to it. Whoever sealed the proof holds the update. */
  async function carriedOf({ updateHash }: ProofOperation): Promise<Hash | undefined> {
    if (workload.updates.nothingCarried === undefined) return undefined;
    const bytes = await blobs.get(updateHash);
    if (bytes === undefined || !equalBytes(sha256(bytes), updateHash)) {
      throw learningError('LEARNING_UPDATE_MISSING', `update ${toHex(updateHash)} is not held: its proof cannot be judged`);
    }
    return workload.updates.decode(bytes).carried?.before;
  }

  /**
   * Before a segment that needs it: has what the round began with put into the blob store. Unavailable, too, when the round may not begin
   * with it: that the update which left it would not be accepted, an honest trainer could not know.
   */
  async function obtainCarried(segment: number, { proof, carried, start }: Task, source: ProofSource): Promise<'unavailable' | undefined> {
    if (!needsCarried(segment, proof) || !carriesAny(carried, workload.updates)) return undefined;
    const mayBegin = mayBeginWith(carried, proof.trainer, start, workload.updates);
    return mayBegin && (await obtainVector(carried, proof, source)) ? undefined : 'unavailable';
  }

  /** The first one, to begin with it, and the last one, to make the update again. */
  function needsCarried(segment: number, { segments }: ProofOperation): boolean {
    return segment === 0 || segment === segments - 1;
  }

  function obtainVector(root: Hash, proof: ProofOperation, source: ProofSource): Promise<boolean> {
    const bytes = workload.updates.carriedValues * Float32Array.BYTES_PER_ELEMENT;
    return obtain(root, proof, bytes, (served) => isVectorOf(root, served), source);
  }

  /** What checking a segment needs from others, ahead of the check. */
  async function obtainAhead(
    proof: ProofOperation,
    { round, trainer }: Assignment,
    segment: number,
    source: ProofSource,
  ): Promise<boolean> {
    const opening = await source.opening(proof, segment);
    if (opening === undefined || !verifyOpening(workload.scope(round, trainer), proof, segment, opening)) return false;
    await kept.keep(proof.round, proof.trainer, opening);
    const carried = await carriedOf(proof);
    if (needsCarried(segment, proof) && carriesAny(carried, workload.updates) && !(await obtainVector(carried, proof, source)))
      return false;
    return segment === 0 || obtainState(opening, { proof, carried }, source);
  }

  /** Has the state a segment starts from put into the blob store, its bytes verified. */
  function obtainState(
    { startState: id }: Opening,
    { proof, carried }: Pick<Task, 'proof' | 'carried'>,
    source: ProofSource,
  ): Promise<boolean> {
    const isRight = (bytes: Uint8Array) => isStateOf(id, bytes, parameters, dependencies.engine().hashChunks, carried);
    return obtain(id, proof, stateByteLength(parameters), isRight, source);
  }

  async function obtain(
    id: Hash,
    proof: ProofOperation,
    maxBytes: number,
    isRight: (bytes: Uint8Array) => boolean,
    source: ProofSource,
  ): Promise<boolean> {
    const held = await blobs.get(id);
    if (held !== undefined && isRight(held)) return true;
    if (held !== undefined) await blobs.delete(id);
    await index.note(proof.round, [id]);
    return source.blob(id, proof.trainer, maxBytes, isRight);
  }

  /** Puts the state a segment starts from into the engine; what stands in the way when there is none to put. */
  async function enter(
    engine: TrainingEngine,
    opening: Opening,
    task: Task,
    source: ProofSource,
  ): Promise<Exclude<Fault, 'update'> | 'unavailable' | undefined> {
    const { start, carried } = task;
    if (opening.segment === 0) {
      const beginning = await readBeginning(start, carried, workload.updates, blobs);
      if (!equalBytes(opening.startState, startStateRoot(beginning.weightsRoot, parameters, carried, beginning.moments))) return 'start';
      loadStart(engine, beginning);
      return undefined;
    }
    if (!(await obtainState(opening, task, source))) return 'unavailable';
    const bytes = await blobs.get(opening.startState);
    // Verified again: the source reported these bytes, and a damaged disk must not become a fraud.
    if (bytes === undefined || !isStateOf(opening.startState, bytes, parameters, engine.hashChunks, carried)) return 'unavailable';
    const state = decodeState(bytes, parameters);
    // The root binds the step, and only one step belongs at this place.
    if (state.step !== opening.segment * workload.stepsPerSegment) return 'state';
    loadState(engine, state);
    return undefined;
  }

  async function judge(engine: TrainingEngine, opening: Opening, task: Task): Promise<SegmentFinding> {
    const { segment } = opening;
    const before = remember(engine);
    const own = await execute(engine, opening, task);
    const { fault, stepDigests } = own.fault === undefined ? own : ((await confirm(before, engine, opening, task)) ?? own);
    return fault === undefined ? { segment, result: 'held', stepDigests } : { segment, result: 'fraud', fault, stepDigests };
  }

  /** A copy of the engine's vectors, in memory that is used again. */
  function remember(engine: TrainingEngine): Vectors {
    memory ??= {
      weights: new Float32Array(parameters),
      firstMoment: new Float32Array(parameters),
      secondMoment: new Float32Array(parameters),
    };
    memory.weights.set(engine.weights);
    memory.firstMoment.set(engine.firstMoment);
    memory.secondMoment.set(engine.secondMoment);
    return memory;
  }

  /** Runs a segment that did not hold once more on the confirming engine; when it holds there, `engine` takes over its end. */
  async function confirm(before: Vectors, engine: TrainingEngine, opening: Opening, task: Task): Promise<Execution | undefined> {
    const confirming = await dependencies.confirmingEngine();
    if (confirming === undefined) return undefined;
    try {
      loadState(confirming, before);
      const execution = await execute(confirming, opening, task);
      if (execution.fault !== undefined) return execution;
      loadState(engine, confirming);
      dependencies.onFault({ round: task.proof.round, trainer: task.proof.trainer, segment: opening.segment });
      return execution;
    } finally {
      confirming.release();
    }
  }

  /** Re-executes one segment from the state in the engine; its end, and the update if it is the last one, must be the claimed ones. */
  async function execute(engine: TrainingEngine, { segment, endState }: Opening, task: Task): Promise<Execution> {
    const stepDigests: Hash[] = [];
    const turn = async () => {
      await nextTurn();
      if (dependencies.closing.aborted) throw learningError('LEARNING_CLOSED', 'the learning service was closed during a check');
      return true;
    };
    const note = (gradients: Float32Array) => stepDigests.push(gradientDigest(gradients));
    try {
      await runSegment(engine, workload, task, segment, turn, undefined, note);
    } catch (error) {
      // Training that diverges has no end state; an honest trainer does not claim one.
      if (isPolError(error, 'MODEL_DIVERGED')) return { fault: 'state', stepDigests };
      throw error;
    }
    if (!equalBytes(stateRoot(stateAfter(engine, workload, segment + 1), engine.hashChunks, task.carried), endState))
      return { fault: 'state', stepDigests };
    const isLast = segment === task.proof.segments - 1;
    if (isLast && !isUpdateOf(task, stateAfter(engine, workload, segment + 1), await readCarried(task.carried, workload.updates, blobs)))
      return { fault: 'update', stepDigests };
    return { fault: undefined, stepDigests };
  }

  function isUpdateOf({ proof, start }: Task, end: TrainingState, carried: CarriedVector | undefined): boolean {
    try {
      const { bytes } = workload.updates.make(start.weights, end, carried);
      return bytes.length === proof.updateBytes && equalBytes(sha256(bytes), proof.updateHash);
    } catch (error) {
      if (isPolError(error, 'LEARNING_UPDATE_INVALID')) return false;
      throw error;
    }
  }

  return { check, obtain: obtainAhead };
}

/** Ascending, each once. @throws LEARNING_INPUT_INVALID: the challenges are this node's own, so this is its own mistake */
function canonicalSegments(proof: ProofOperation, assignment: Assignment, segments: readonly number[]): readonly number[] {
  if (proof.round !== assignment.round || !equalBytes(proof.trainer, assignment.trainer)) {
    throw learningError(
      'LEARNING_INPUT_INVALID',
      `the proof is of ${toHex(proof.trainer)} in round ${proof.round}, the assignment of ${toHex(assignment.trainer)} in round ${assignment.round}`,
    );
  }
  const wrong = segments.find((segment) => !Number.isSafeInteger(segment) || segment < 0 || segment >= proof.segments);
  if (wrong !== undefined || segments.length === 0) {
    throw learningError('LEARNING_INPUT_INVALID', `segments to check must be among 0 to ${proof.segments - 1}, got ${wrong ?? 'none'}`);
  }
  return [...new Set(segments)].sort((a, b) => a - b);
}
