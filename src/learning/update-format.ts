import type { LearningConfig } from '../params/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import { vectorRoot, zeroVectorRoot } from './chunks.ts';
import {
  accumulateSparse,
  decodeSparseUpdate,
  encodeSparseUpdate,
  type Feedback,
  largestSparse,
  quantiseSparse,
  sparseNorm,
  sparseUpdateByteLength,
} from './sparse-update.ts';
import { decodeUpdate, denseUpdate, encodeUpdate, quantiseUpdate, updateByteLength } from './update.ts';

/** A decoded update, whatever its format. */
export interface Update {
  /** L2, f64. */
  norm(): number;
  /** The largest |value|, f64. */
  largest(): number;
  /** sum_i = sum_i + f32(factor · value_i), in f32, in the order of operations of its format. */
  addTo(sum: Float32Array, factor: number): void;
  /** undefined in a format that keeps nothing back. */
  readonly feedback: Feedback | undefined;
}

/** What a sparse update left out. */
export interface KeptVector {
  readonly root: Hash;
  readonly vector: Float32Array;
}

/** What a trainer sends, and the vector it keeps back for a later round. */
interface MadeUpdate {
  readonly bytes: Uint8Array;
  readonly kept: KeptVector | undefined;
}

/** How the updates of a network are written: one format for all, chosen in the genesis. */
export interface UpdateFormat {
  /** Of every update of the network. */
  readonly byteLength: number;
  /** Root of the feedback vector that everybody may begin with, zeros; undefined in a format without feedback. */
  readonly noFeedback: Hash | undefined;
  /** The most that a value may be, as a multiple of what a round can move a weight (`maxUpdateMagnitude`). */
  readonly largestShare: number;
  /**
   * From what moved, start − end, and what a former round kept back.
   * @param kept [parameters] and its root; zeros when undefined. Ignored by a format without feedback
   * @throws LEARNING_UPDATE_INVALID when weights left the exact range
   */
  make(start: Float32Array, end: Float32Array, kept?: KeptVector): MadeUpdate;
  /** @throws LEARNING_UPDATE_INVALID when the bytes are not canonical */
  decode(bytes: Uint8Array): Update;
}

export function createUpdateFormat(learning: Pick<LearningConfig, 'sparse_updates'>, parameters: number): UpdateFormat {
  const { sparse_updates: sparse } = learning;
  return sparse === undefined ? int8Format(parameters) : sparseFormat(parameters, sparse.keep, sparse.feedback_decay);
}

function int8Format(parameters: number): UpdateFormat {
  return {
    byteLength: updateByteLength(parameters),
    noFeedback: undefined,
    largestShare: 1,
    make: (start, end) => ({ bytes: encodeUpdate(quantiseUpdate(start, end)), kept: undefined }),
    decode: (bytes) => denseUpdate(decodeUpdate(bytes, parameters)),
  };
}

function sparseFormat(parameters: number, keep: number, decay: number): UpdateFormat {
  const shape = { parameters, keep };
  const zeros = zeroVectorRoot(parameters);
  const fround = Math.fround;
  const share = fround(decay);
  return {
    byteLength: sparseUpdateByteLength(shape),
    noFeedback: zeros,
    // What was kept back in all former rounds, each weighed with the decay once more.
    largestShare: 1 / (1 - decay),
    make(start, end, kept) {
      const total = new Float32Array(parameters);
      for (let i = 0; i < parameters; i++) {
        const moved = fround((start[i] as number) - (end[i] as number));
        // Also without anything kept: zeros by any name give the same bits.
        total[i] = fround(fround(share * (kept?.vector[i] ?? 0)) + moved);
      }
      const values = quantiseSparse(total, keep);
      const root = vectorRoot(total);
      const bytes = encodeSparseUpdate(shape, values, { before: kept?.root ?? zeros, after: root });
      return { bytes, kept: { root, vector: total } };
    },
    decode(bytes) {
      const values = decodeSparseUpdate(bytes, shape);
      return {
        norm: () => sparseNorm(shape, values),
        largest: () => largestSparse(values),
        addTo: (sum, factor) => accumulateSparse(sum, shape, values, factor),
        feedback: values.feedback,
      };
    },
  };
}
