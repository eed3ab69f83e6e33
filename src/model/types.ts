import type { ChunkHasher } from '../numerics/backend.ts';

/** One parameter tensor; order, names (Hugging Face's Llama names) and offsets are part of the protocol: roots are taken over them. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Offset and length in f32 words within the flat parameter vector. */
  readonly offset: number;
  readonly length: number;
  /** Matrices decay; norms' weights do not. */
  readonly decays: boolean;
}

export interface ParameterLayout {
  readonly tensors: readonly TensorSpec[];
  /** Parameters in all (f32 words of the flat vector). */
  readonly count: number;
}

export interface StepResult {
  /** Mean cross-entropy over the step's tokens, nats, f32. */
  readonly loss: number;
  /** Global gradient norm before clipping, f32. */
  readonly gradNorm: number;
}

/** Everything AdamW needs beside the kernels' scalars: which step this is. */
export interface StepOptions {
  /** 1 for the first step after the moments were cleared. */
  readonly adamStep: number;
  readonly learningRate: number;
  /** Shown the step's gradient (layout.count values, before clipping; a live view) before weights move. */
  readonly onGradient?: (gradients: Float32Array) => void;
}

/** A model with optimizer state in one arena of one backend; not re-entrant. */
export interface TrainingEngine {
  readonly layout: ParameterLayout;
  /** Live views of length layout.count. */
  readonly weights: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** The backend's. */
  readonly hashChunks: ChunkHasher | undefined;
  clearMoments(): void;
  /**
   * One AdamW step. `tokens` holds batch_size rows of context_length+1 tokens: inputs are the first context_length of a row, targets the last.
   * @throws MODEL_DIVERGED when a value left the exact range; weights are then to be discarded
   */
  step(tokens: Int32Array, options: StepOptions): StepResult;
  /** Forward only, rows as in `step`, any number of rows. Mean loss (f32) over all tokens in ascending order, and the share predicted right. */
  evaluate(tokens: Int32Array): { readonly loss: number; readonly accuracy: number };
  release(): void;
}

/** Incremental decoding with a key-value cache; bit-equal to a full forward pass over the same prefix. */
export interface Decoder {
  readonly contextLength: number;
  /** Tokens held in the cache. */
  readonly position: number;
  reset(): void;
  /** Appends tokens and returns the logits [vocab_size] after the last one: a view valid until the next call. */
  append(tokens: readonly number[]): Float32Array;
  release(): void;
}

/** Tokens that one sequence brings to a pass. */
export interface SequenceInput {
  readonly slot: number;
  /** Appended to what the slot holds. */
  readonly tokens: readonly number[];
  /** Logits after the last token or after every one, or the final norm's outputs of every token. States and logits exclude each other in a pass. */
  readonly want: 'nothing' | 'last' | 'every' | 'states';
}

/** Several sequences over one model: each has a slot of the key-value cache. A sequence's bits do not depend on the others'. */
export interface BatchDecoder {
  readonly contextLength: number;
  readonly slots: number;
  /** The most tokens of all sequences in one pass, and the most rows of logits. */
  readonly maxRows: number;
  readonly maxLogitRows: number;
  /** Tokens held in a slot. */
  length(slot: number): number;
  /** Forgets the tokens of a slot from `length` on. */
  truncate(slot: number, length: number): void;
  /** Makes slot `to` hold the first `length` tokens of slot `from`. */
  copy(from: number, to: number, length: number): void;
  /**
   * One pass. For each sequence: logits [rows, vocab_size], states [tokens, dim], or nothing; views valid until the next pass.
   * @throws MODEL_INPUT_INVALID, MODEL_CONTEXT_FULL; nothing is appended then
   */
  step(sequences: readonly SequenceInput[]): readonly (Float32Array | undefined)[];
  release(): void;
}
