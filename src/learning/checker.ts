import type { ProofOperation, Verdict } from '../codec/types.ts';
import type { TrainingEngine } from '../model/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { BlobStore } from '../store/kv.ts';
import type { BlobIndex } from './blob-index.ts';
import { learningError } from './errors.ts';
import { nextTurn } from './gate.ts';
import { verifyOpening } from './leaves.ts';
import type { ModelStore } from './models.ts';
import { decodeState, isStateOf, startStateRoot, stateByteLength, stateRoot } from './state.ts';
import type { Assignment, Opening, ProofSource } from './types.ts';
import { encodeUpdate, quantiseUpdate } from './update.ts';
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
  readonly onFault: (fault: ArithmeticFault) => void;
  /** Aborted when the service closes: a check under way ends with LEARNING_CLOSED. */
  readonly closing: AbortSignal;
}

export interface Checker {
  /** As LearningService.check; one at a time. */
  check(proof: ProofOperation, assignment: Assignment, segments: readonly number[], source: ProofSource): Promise<Verdict>;
}

/** Consecutive challenged segments: only the first one's start has to be fetched, the others start where the one before ended. */
interface Run {
  readonly first: number;
  readonly openings: readonly Opening[];
}

interface Task {
  readonly proof: ProofOperation;
  readonly assignment: Assignment;
  readonly startWeights: Float32Array;
}

type Vectors = Pick<TrainingEngine, 'weights' | 'firstMoment' | 'secondMoment'>;

const ACCEPT: Verdict = { kind: 'accept' };
const UNAVAILABLE: Verdict = { kind: 'unavailable' };

/**
 * Judges a proof, cheapest checks first, so that garbage costs its sender and not the checker:
 * 1. every challenged segment is opened with valid Merkle paths, else unavailable: nobody can prove from a bad answer who made it;
 * 2. leaf 0 is the known start of the round, else fraud(0): the valid path proves what the trainer committed to;
 * 3. the states to start from are served with the right bytes, else unavailable;
 * 4. each segment re-executes to the state it claims, and the last one to the update of the proof, else fraud(segment), once
 *    the confirming engine found it too (docs/numerics.md).
 */
export function createChecker(workload: Workload, dependencies: CheckerDependencies): Checker {
  const { models, blobs, index } = dependencies;
  const { parameters } = workload;
  let memory: Vectors | undefined;

  async function check(proof: ProofOperation, assignment: Assignment, segments: readonly number[], source: ProofSource): Promise<Verdict> {
    const challenged = canonicalSegments(proof, assignment, segments);
    const start = await models.start(assignment.round, assignment.startRoot);

    const scope = workload.scope(assignment.round, assignment.trainer);
    const openings: Opening[] = [];
    for (const segment of challenged) {
      const opening = await source.opening(proof, segment);
      if (opening === undefined || !verifyOpening(scope, proof, segment, opening)) return UNAVAILABLE;
      openings.push(opening);
    }
    const first = openings[0];
    if (first?.segment === 0 && !equalBytes(first.startState, startStateRoot(start.weightsRoot, parameters))) {
      return { kind: 'fraud', segment: 0 };
    }

    const runs = consecutive(openings);
    for (const run of runs) {
      if (run.first > 0 && !(await obtainState(run, proof, source))) return UNAVAILABLE;
    }
    const task: Task = { proof, assignment, startWeights: start.weights };
    for (const run of runs) {
      const verdict = await judge(run, task);
      if (verdict.kind !== 'accept') return verdict;
    }
    return ACCEPT;
  }

  /** Has the state a run starts from put into the blob store, its bytes verified. */
  async function obtainState(run: Run, proof: ProofOperation, source: ProofSource): Promise<boolean> {
    const id = startOf(run);
    const isRight = (bytes: Uint8Array) => isStateOf(id, bytes, parameters, dependencies.engine().hashChunks);
    const held = await blobs.get(id);
    if (held !== undefined && isRight(held)) return true;
    if (held !== undefined) await blobs.delete(id);
    await index.note(proof.round, [id]);
    return source.blob(id, proof.trainer, stateByteLength(parameters), isRight);
  }

  async function judge(run: Run, task: Task): Promise<Verdict> {
    const engine = dependencies.engine();
    const refusal = await enter(engine, run, task);
    if (refusal !== undefined) return refusal;
    for (const opening of run.openings) {
      const before = remember(engine);
      if ((await holds(engine, opening, task)) || (await isRefuted(before, engine, opening, task))) continue;
      return { kind: 'fraud', segment: opening.segment };
    }
    return ACCEPT;
  }

  /** Puts the state a run starts from into the engine; a verdict when there is none to put. */
  async function enter(engine: TrainingEngine, run: Run, { startWeights }: Task): Promise<Verdict | undefined> {
    if (run.first === 0) {
      loadStart(engine, startWeights);
      return undefined;
    }
    const bytes = await blobs.get(startOf(run));
    // Verified again: the source reported these bytes, and a damaged disk must not become a fraud.
    if (bytes === undefined || !isStateOf(startOf(run), bytes, parameters, engine.hashChunks)) return UNAVAILABLE;
    const state = decodeState(bytes, parameters);
    // The root binds the step, and only one step belongs at this place.
    if (state.step !== run.first * workload.stepsPerSegment) return { kind: 'fraud', segment: run.first };
    loadState(engine, state);
    return undefined;
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
  async function isRefuted(before: Vectors, engine: TrainingEngine, opening: Opening, task: Task): Promise<boolean> {
    const confirming = await dependencies.confirmingEngine();
    if (confirming === undefined) return false;
    try {
      loadState(confirming, before);
      if (!(await holds(confirming, opening, task))) return false;
      loadState(engine, confirming);
    } finally {
      confirming.release();
    }
    dependencies.onFault({ round: task.proof.round, trainer: task.proof.trainer, segment: opening.segment });
    return true;
  }

  /** Re-executes one segment from the state in the engine; its end, and the update if it is the last one, must be the claimed ones. */
  async function holds(engine: TrainingEngine, { segment, endState }: Opening, task: Task): Promise<boolean> {
    if (!(await reaches(engine, task.assignment, segment, endState))) return false;
    return segment < task.proof.segments - 1 || isUpdateOf(task.proof, task.startWeights, engine.weights);
  }

  async function reaches(engine: TrainingEngine, assignment: Assignment, segment: number, endState: Hash): Promise<boolean> {
    const turn = async () => {
      await nextTurn();
      if (dependencies.closing.aborted) throw learningError('LEARNING_CLOSED', 'the learning service was closed during a check');
      return true;
    };
    try {
      await runSegment(engine, workload, assignment, segment, turn);
    } catch (error) {
      // Training that diverges has no end state; an honest trainer does not claim one.
      if (isPolError(error, 'MODEL_DIVERGED')) return false;
      throw error;
    }
    return equalBytes(stateRoot(stateAfter(engine, workload, segment + 1), engine.hashChunks), endState);
  }

  return { check };
}

function isUpdateOf(proof: ProofOperation, start: Float32Array, end: Float32Array): boolean {
  try {
    const bytes = encodeUpdate(quantiseUpdate(start, end));
    return bytes.length === proof.updateBytes && equalBytes(sha256(bytes), proof.updateHash);
  } catch (error) {
    if (isPolError(error, 'LEARNING_UPDATE_INVALID')) return false;
    throw error;
  }
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

function consecutive(openings: readonly Opening[]): readonly Run[] {
  const runs: { first: number; openings: Opening[] }[] = [];
  for (const opening of openings) {
    const last = runs[runs.length - 1];
    if (last !== undefined && last.first + last.openings.length === opening.segment) last.openings.push(opening);
    else runs.push({ first: opening.segment, openings: [opening] });
  }
  return runs;
}

function startOf(run: Run): Hash {
  return (run.openings[0] as Opening).startState;
}
