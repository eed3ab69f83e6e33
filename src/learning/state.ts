import type { ChunkHasher } from '../numerics/backend.ts';
import { equalBytes, uint64BE } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { littleEndianBytes, vectorFromBytes, vectorRoot, zeroVectorRoot } from './chunks.ts';
import { learningError } from './errors.ts';

/**
 * What a training step starts from and ends in. A TrainingEngine has this shape, but for the step.
 *
 * Leaf 0 holds what everybody can judge, or crafted moments could steer every later step while each segment re-executes to the bit: the
 * round's start weights, step 0, and no moments; or what an accepted update of the same trainer left makes of these (carried.ts).
 */
export interface TrainingState {
  readonly weights: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Inner AdamW steps since the start of the round. */
  readonly step: number;
}

export type Moments = Pick<TrainingState, 'firstMoment' | 'secondMoment'>;

const STEP_BYTES = 8;

/**
 * Identity of a state: H(weights root, H(moment roots), step). Weights and moments can be proven and fetched apart.
 * @param hashChunks a faster way to the same hashes (a backend's)
 * @param carried root of what the round began with of its trainer's own, where anything is carried: every state of the round is bound
 * to it, so that it is chosen before the round and not when its end is known
 */
export function stateRoot(state: TrainingState, hashChunks?: ChunkHasher, carried?: Hash): Hash {
  return bind(stateRoots(state, hashChunks).state, carried);
}

/** A state's root, and that of its weights alone, at the price of one. */
export function stateRoots(state: TrainingState, hashChunks?: ChunkHasher): { readonly state: Hash; readonly weights: Hash } {
  const weights = vectorRoot(state.weights, hashChunks);
  const moments = [state.firstMoment, state.secondMoment].map((vector) => vectorRoot(vector, hashChunks)) as [Hash, Hash];
  return { state: combine(weights, ...moments, state.step), weights };
}

/**
 * Root of leaf 0's state: weights with the root given, `parameters` of them, step 0.
 * @param moments zeros when left out
 */
export function startStateRoot(weightsRoot: Hash, parameters: number, carried?: Hash, moments?: Moments): Hash {
  const [first, second] =
    moments === undefined
      ? [zeroVectorRoot(parameters), zeroVectorRoot(parameters)]
      : [vectorRoot(moments.firstMoment), vectorRoot(moments.secondMoment)];
  return bind(combine(weightsRoot, first, second, 0), carried);
}

/** Bytes of an encoded state: three vectors of f32 and the step. */
export function stateByteLength(parameters: number): number {
  return parameters * 12 + STEP_BYTES;
}

/** weights ‖ first moments ‖ second moments (little-endian f32) ‖ step (u64, big-endian); into `out` when given, which must have the size. */
export function encodeState(state: TrainingState, out: Uint8Array = new Uint8Array(stateByteLength(state.weights.length))): Uint8Array {
  const bytes = state.weights.length * 4;
  out.set(littleEndianBytes(state.weights), 0);
  out.set(littleEndianBytes(state.firstMoment), bytes);
  out.set(littleEndianBytes(state.secondMoment), 2 * bytes);
  out.set(uint64BE(state.step), 3 * bytes);
  return out;
}

/**
 * The state in `bytes`; its vectors may be views of them. Judges the form only: a state is trusted by its root.
 * @throws LEARNING_STATE_INVALID when the size is not the model's, or the step is no safe integer
 */
export function decodeState(bytes: Uint8Array, parameters: number): TrainingState {
  const expected = stateByteLength(parameters);
  if (bytes.length !== expected) {
    throw learningError('LEARNING_STATE_INVALID', `a training state of this model has ${expected} bytes, got ${bytes.length}`);
  }
  const vector = (index: number) => vectorFromBytes(bytes.subarray(index * parameters * 4, (index + 1) * parameters * 4));
  const step = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(parameters * 12);
  if (step > BigInt(Number.MAX_SAFE_INTEGER))
    throw learningError('LEARNING_STATE_INVALID', `a training state's step is out of range: ${step}`);
  return { weights: vector(0), firstMoment: vector(1), secondMoment: vector(2), step: Number(step) };
}

/** True when `bytes` encode a state with this root. Never throws: they come from strangers. */
export function isStateOf(root: Hash, bytes: Uint8Array, parameters: number, hashChunks?: ChunkHasher, carried?: Hash): boolean {
  if (bytes.length !== stateByteLength(parameters)) return false;
  try {
    return equalBytes(stateRoot(decodeState(bytes, parameters), hashChunks, carried), root);
  } catch {
    return false;
  }
}

function bind(state: Hash, carried: Hash | undefined): Hash {
  return carried === undefined ? state : taggedHash('pol/sparse-state/1', state, carried);
}

function combine(weights: Hash, firstMoment: Hash, secondMoment: Hash, step: number): Hash {
  return taggedHash('pol/state/1', weights, taggedHash('pol/moments/1', firstMoment, secondMoment), uint64BE(step));
}
