import type { Fault, Opening, ProofOperation } from '../codec/types.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';

/** An update to merge: its blob's hash, and its weight in the mean. */
export interface UpdateReference {
  readonly trainer: Address;
  readonly updateHash: Hash;
  readonly tokens: number;
}

/** What a boundary block at the end of `round` does to the models. Lists ascend by trainer. */
export interface BoundaryInput {
  readonly round: number;
  /** Accepted updates of round−1; they move the settled model. */
  readonly accepted: readonly UpdateReference[];
  /** Sealed updates of `round`; with the settled model they give the weights round+1 starts from. */
  readonly sealed: readonly UpdateReference[];
}

export interface BoundaryRoots {
  readonly modelRoot: Hash;
  readonly startRoot: Hash;
}

/** One trainer's place in one round: with the genesis it fixes every token it trains on. */
export interface Assignment {
  readonly round: number;
  readonly trainer: Address;
  readonly beacon: Hash;
  /** All trainers of the round, ascending. */
  readonly roster: readonly Address[];
  readonly startRoot: Hash;
}

export interface TrainingProgress {
  readonly round: number;
  readonly segments: number;
  /** Inner steps done in this round. */
  readonly steps: number;
  readonly loss: number;
  /** Over this round so far. */
  readonly tokensPerSecond: number;
  /** Time spent in training steps of this round since the program took it up, ms. */
  readonly stepMs: number;
}

/** A finished round's work: the proof without its author's signature. Update and opened states are in the blob store. */
export type TrainedRound = Omit<ProofOperation, 'type'>;

export type { Opening } from '../codec/types.ts';

/** Where a checker gets what it does not have. `undefined`: nobody served it in time. */
export interface ProofSource {
  opening(proof: ProofOperation, segment: number): Promise<Opening | undefined>;
  /** Puts the blob into the blob store; false when nobody served the right bytes. `verify` judges them. */
  blob(id: Hash, trainer: Address, maxBytes: number, verify: (bytes: Uint8Array) => boolean | Promise<boolean>): Promise<boolean>;
}

/** What re-executing one segment showed. held: it ends in the claimed state, and the last one in the proof's update. */
export type SegmentFinding = { readonly segment: number } & (
  | { readonly result: 'held'; readonly stepDigests: readonly Hash[] }
  /** `stepDigests`: as far as the segment could be run. */
  | { readonly result: 'fraud'; readonly fault: Fault; readonly stepDigests: readonly Hash[] }
  | { readonly result: 'unavailable' }
);

export interface GateRequest {
  readonly round: number;
  readonly startRoot: Hash;
  /** Fixed after the proofs were sealed, so that nobody can train on what will be measured. */
  readonly seed: Hash;
  readonly updates: readonly Hash[];
}

export interface GateMeasurement {
  readonly baseline: number;
  /** In the order of `updates`; Infinity where the weights diverge. */
  readonly losses: readonly number[];
}

/** Files of little-endian f32, one value a parameter. */
export interface ModelFiles {
  readonly weights: string;
  /** The outer optimizer's. */
  readonly momentum: string;
}

/** A settled model on disk, with the roots of its vectors. */
export interface HeldModel {
  readonly modelRoot: Hash;
  readonly weights: { readonly root: Hash; readonly path: string };
  readonly momentum: { readonly root: Hash; readonly path: string };
}

/** The weights that a round started from, on disk. */
export interface HeldStart {
  readonly startRoot: Hash;
  readonly weights: { readonly root: Hash; readonly path: string };
}

/**
 * The learning engine of a node: holds the models, trains, checks. One caller at a time a method; training yields to
 * everything else between two steps. All of it is deterministic but for progress.
 */
export interface LearningService {
  readonly backendName: string;
  readonly parameters: number;
  /** Roots of the model now held: settled, and start of the open round. `round` is the open round. */
  current(): Promise<{ readonly round: number; readonly modelRoot: Hash; readonly startRoot: Hash }>;

  /**
   * Computes (and caches) what a boundary leads to. Every update must be in the blob store.
   * @throws LEARNING_UPDATE_MISSING, LEARNING_WRONG_ROUND
   */
  boundary(input: BoundaryInput): Promise<BoundaryRoots>;
  /** Makes a computed boundary current and durable; then blobs of rounds before `round`−1 are deleted. */
  commitBoundary(input: BoundaryInput): Promise<void>;
  /** True when an update in the blob store is well-formed: size, hash, finite scales. Cheap. */
  updateIsValid(reference: UpdateReference): Promise<boolean>;

  /**
   * Trains segments from the round's start until stopped, the cap (the genesis's, or a lower `maxSegments`) is reached, or the next boundary is committed. Continues what an
   * earlier run of the program left of the same round; once its proof was given out (finishTraining) a round is not trained further.
   * @throws LEARNING_WRONG_ROUND, LEARNING_BUSY; MODEL_DIVERGED and the blob store's errors, after which finished segments still count
   */
  train(assignment: Assignment, onProgress: (progress: TrainingProgress) => void, maxSegments?: number): Promise<void>;
  /**
   * Ends training after the running segment and gives the proof, the same one when asked again; undefined when no segment was finished
   * or the round is over.
   * @throws LEARNING_STORE_CORRUPT when the disk damaged the last state: nothing is claimed then
   */
  finishTraining(): Promise<TrainedRound | undefined>;

  /**
   * Fetches what checking a segment needs, its opening and the state it starts from, and executes nothing: calls wait neither for each
   * other nor for a check. False when nobody served it.
   */
  obtain(proof: ProofOperation, assignment: Assignment, segment: number, source: ProofSource): Promise<boolean>;
  /**
   * Re-executes segments of one proof, cheapest checks first; a finding for each, ascending. Of any round whose start is held.
   * @throws LEARNING_WRONG_ROUND when this node does not hold the round's start (it took over a snapshot since): it cannot judge and
   * must not vote; LEARNING_INPUT_INVALID when proof, assignment and segments do not fit; LEARNING_UPDATE_MISSING where anything is
   * carried and the proof's update is not held; LEARNING_CLOSED
   */
  check(
    proof: ProofOperation,
    assignment: Assignment,
    segments: readonly number[],
    source: ProofSource,
  ): Promise<readonly SegmentFinding[]>;
  /**
   * What each update alone would do to the model the round started from: losses (nats a token, f32) of the start's weights, and of each
   * trainer's end weights (start − update), on held-out sequences that `seed` draws. Updates must be in the blob store.
   * @throws LEARNING_WRONG_ROUND, LEARNING_UPDATE_MISSING
   */
  measureUpdates(request: GateRequest): Promise<GateMeasurement>;
  /** Held-out loss (nats a token) and accuracy of the settled model, f32, over a fixed part of the held-out text: the same bits on every node. */
  evaluate(): Promise<{ readonly loss: number; readonly accuracy: number }>;

  /** The settled models held, newest first: what newcomers fetch chunk by chunk. A file lasts until its model is two rounds old. */
  heldModels(): Promise<readonly HeldModel[]>;
  /** The starts of the open round, the sealed one and settled ones that are kept, newest first: for who judges a verdict again. */
  heldStarts(): Promise<readonly HeldStart[]>;
  /**
   * Takes over a settled model and rebuilds the open round's start from sealed updates in the blob store.
   * @throws LEARNING_SNAPSHOT_INVALID when the files do not have the root
   */
  importSnapshot(
    files: ModelFiles,
    expected: {
      readonly openRound: number;
      readonly modelRoot: Hash;
      readonly startRoot: Hash;
      readonly sealed: readonly UpdateReference[];
    },
  ): Promise<void>;
  /** Weights of the settled model, written where inference reads them (a file of little-endian f32). */
  settledWeightsPath(): Promise<string>;
  close(): Promise<void>;
}
