import { biasCorrection } from '../model/optimiser.ts';
import type { LearningConfig } from '../params/genesis.ts';
import { concatBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { vectorRoot, zeroVectorRoot } from './chunks.ts';
import { learningError } from './errors.ts';
import {
  accumulateSparse,
  decodeSparseUpdate,
  encodeSparseUpdate,
  largestSparse,
  quantiseSparse,
  sparseNorm,
  sparseUpdateByteLength,
} from './sparse-update.ts';
import type { Moments, TrainingState } from './state.ts';
import { decodeUpdate, denseUpdate, encodeUpdate, quantiseUpdate, updateByteLength } from './update.ts';

/** A decoded update, whatever its format. */
export interface Update {
  /** L2, f64. */
  norm(): number;
  /** The largest |value|, f64. */
  largest(): number;
  /** sum_i = sum_i + f32(factor · value_i), in f32, in the order of operations of its format. */
  addTo(sum: Float32Array, factor: number): void;
  /** undefined in a format that carries nothing. */
  readonly carried: CarriedRoots | undefined;
}

/** Roots of what the round began with of its trainer's own, and of what it left for a later one. */
export interface CarriedRoots {
  readonly before: Hash;
  readonly after: Hash;
}

/** What a trainer carries from one of its rounds into a later one (carried.ts). */
export interface CarriedVector {
  readonly root: Hash;
  /** First moments ‖ second moments, where a network carries them; then what a sparse update left out. */
  readonly vector: Float32Array;
}

/** What a trainer's own round begins with. */
export interface RoundBeginning {
  /** The shared model itself, the same array, or a copy less STEP_AHEAD of what this trainer's sparse updates left out. */
  readonly weights: Float32Array;
  /** undefined: zeros. */
  readonly moments: Moments | undefined;
}

/** What a trainer sends, and what it carries into a later round. */
interface MadeUpdate {
  readonly bytes: Uint8Array;
  readonly carried: CarriedVector | undefined;
}

/** How the updates of a network are written, and what goes with them from round to round: one format for all, chosen in the genesis. */
export interface UpdateFormat {
  readonly parameters: number;
  /** Of every update of the network. */
  readonly byteLength: number;
  /** Root of the vector that everybody may begin with, zeros; undefined in a format that carries nothing. */
  readonly nothingCarried: Hash | undefined;
  /** Values in a carried vector. */
  readonly carriedValues: number;
  /** A carried vector begins with the moments that the round starts from. */
  readonly carriesMoments: boolean;
  /** The most that a value may be, as a multiple of what a round can move a weight (`maxUpdateMagnitude`). */
  readonly largestShare: number;
  /**
   * @param start the shared model
   * @param carried zeros when undefined. Ignored by a format that carries nothing
   */
  begin(start: Float32Array, carried?: CarriedVector): RoundBeginning;
  /**
   * From what moved, begin(start, carried).weights − end, and what the round began with.
   * @param end the state after the last segment
   * @param carried zeros when undefined. Ignored by a format that carries nothing
   * @throws LEARNING_UPDATE_INVALID when weights left the exact range
   */
  make(start: Float32Array, end: TrainingState, carried?: CarriedVector): MadeUpdate;
  /** @throws LEARNING_UPDATE_INVALID when the bytes are not canonical */
  decode(bytes: Uint8Array): Update;
}

/** The part of a genesis that says how updates are written. */
type FormatConfig = Pick<LearningConfig, 'sparse_updates' | 'carry_moments' | 'beta1' | 'beta2'>;

export function createUpdateFormat(learning: FormatConfig, parameters: number): UpdateFormat {
  if (learning.sparse_updates !== undefined) return sparseFormat(learning, learning.sparse_updates, parameters);
  return learning.carry_moments === true ? carryingInt8Format(learning, parameters) : int8Format(parameters);
}

function int8Format(parameters: number): UpdateFormat {
  return {
    parameters,
    byteLength: updateByteLength(parameters),
    nothingCarried: undefined,
    carriedValues: 0,
    carriesMoments: false,
    largestShare: 1,
    begin: (weights) => ({ weights, moments: undefined }),
    make: (start, end) => ({ bytes: encodeUpdate(quantiseUpdate(start, end.weights)), carried: undefined }),
    decode: (bytes) => denseUpdate(decodeUpdate(bytes, parameters)),
  };
}

/** int8 blocks ‖ root of the moments before ‖ after. */
function carryingInt8Format(learning: FormatConfig, parameters: number): UpdateFormat {
  const values = updateByteLength(parameters);
  const byteLength = values + 2 * HASH_BYTES;
  const zeros = zeroVectorRoot(2 * parameters);
  return {
    parameters,
    byteLength,
    nothingCarried: zeros,
    carriedValues: 2 * parameters,
    carriesMoments: true,
    largestShare: 1,
    begin: (weights, carried) => ({ weights, moments: momentsIn(carried, parameters) }),
    make(start, end, carried) {
      const vector = new Float32Array(2 * parameters);
      carryMoments(end, carried !== undefined, learning, vector);
      const root = vectorRoot(vector);
      const bytes = concatBytes(encodeUpdate(quantiseUpdate(start, end.weights)), carried?.root ?? zeros, root);
      return { bytes, carried: { root, vector } };
    },
    decode(bytes) {
      if (bytes.length !== byteLength) {
        throw learningError('LEARNING_UPDATE_INVALID', `the update is not canonical: it has ${bytes.length} bytes and not ${byteLength}`);
      }
      const carried = { before: bytes.slice(values, values + HASH_BYTES), after: bytes.slice(values + HASH_BYTES) };
      return { ...denseUpdate(decodeUpdate(bytes.subarray(0, values), parameters)), carried };
    },
  };
}

function sparseFormat(
  learning: FormatConfig,
  { one_of: oneOf, feedback_decay: decay }: NonNullable<LearningConfig['sparse_updates']>,
  parameters: number,
): UpdateFormat {
  const shape = { parameters, oneOf };
  const carriesMoments = learning.carry_moments === true;
  const momentValues = carriesMoments ? 2 * parameters : 0;
  const carriedValues = momentValues + parameters;
  const zeros = zeroVectorRoot(carriedValues);
  const fround = Math.fround;
  const share = fround(decay);
  function begin(start: Float32Array, carried: CarriedVector | undefined): RoundBeginning {
    if (carried === undefined) return { weights: start, moments: undefined };
    const leftOut = carried.vector.subarray(momentValues);
    // Each operation rounded to f32, the inner first.
    const weights = start.map((weight, i) => weight - fround(STEP_AHEAD * (leftOut[i] as number)));
    return { weights, moments: carriesMoments ? momentsIn(carried, parameters) : undefined };
  }
  return {
    parameters,
    byteLength: sparseUpdateByteLength(shape),
    nothingCarried: zeros,
    carriedValues,
    carriesMoments,
    // What was kept back in all former rounds, each weighed with the decay once more.
    largestShare: 1 / (1 - decay),
    begin,
    make(start, end, carried) {
      const vector = new Float32Array(carriedValues);
      if (carriesMoments) carryMoments(end, carried !== undefined, learning, vector);
      const total = vector.subarray(momentValues);
      const begun = begin(start, carried).weights;
      for (let i = 0; i < parameters; i++) {
        const moved = fround((begun[i] as number) - (end.weights[i] as number));
        // Also without anything kept: zeros by any name give the same bits.
        total[i] = fround(fround(share * (carried?.vector[momentValues + i] ?? 0)) + moved);
      }
      const values = quantiseSparse(total, oneOf);
      const root = vectorRoot(vector);
      const bytes = encodeSparseUpdate(shape, values, { before: carried?.root ?? zeros, after: root });
      return { bytes, carried: { root, vector } };
    },
    decode(bytes) {
      const values = decodeSparseUpdate(bytes, shape);
      return {
        norm: () => sparseNorm(shape, values),
        largest: () => largestSparse(values),
        addTo: (sum, factor) => accumulateSparse(sum, shape, values, factor),
        carried: values.carried,
      };
    },
  };
}

const HASH_BYTES = 32;
/**
 * A trainer's round begins ahead of the shared weights by this share of what its sparse updates left out: step-ahead partial error feedback,
 * arXiv:2601.20738. With none of it trainers find again what they hold back already; with all of it they drift apart.
 */
const STEP_AHEAD = 0.5;

function momentsIn(carried: CarriedVector | undefined, parameters: number): Moments | undefined {
  if (carried === undefined) return undefined;
  const { vector } = carried;
  return { firstMoment: vector.subarray(0, parameters), secondMoment: vector.subarray(parameters, 2 * parameters) };
}

/**
 * What a later round begins with: the moments of the round's end. Those of a round that began with zeros are still too small (Adam's
 * bias), by factors that only its number of steps tells; so they are put right here, in f32, and a round that goes on from any needs
 * no correction.
 */
function carryMoments(end: TrainingState, continued: boolean, { beta1, beta2 }: FormatConfig, out: Float32Array): void {
  const { firstMoment, secondMoment, step } = end;
  out.set(firstMoment, 0);
  out.set(secondMoment, firstMoment.length);
  if (continued) return;
  const factors = [beta1, beta2].map((beta) => biasCorrection(Math.fround(beta), step));
  factors.forEach((factor, moment) => {
    const [from, to] = [moment * firstMoment.length, (moment + 1) * firstMoment.length];
    for (let i = from; i < to; i++) out[i] = Math.fround((out[i] as number) * factor);
  });
}
