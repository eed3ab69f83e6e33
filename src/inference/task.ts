import type { SequenceInput } from '../model/types.ts';

/** A sequence under way: says what it wants computed next, and takes what came of it. */
export interface Task {
  /** What it asks the decoder for; the two do not go together in one pass. */
  readonly kind: 'logits' | 'states';
  /** Tokens known and not computed yet. */
  readonly pending: number;
  /** The next tokens to compute, at most `rows`, with at most `logitRows` logits; undefined when it wants none of so few. */
  piece(rows: number, logitRows: number): Omit<SequenceInput, 'slot'> | undefined;
  /** @param result what the decoder gave for the piece. True when the task has ended */
  take(piece: Omit<SequenceInput, 'slot'>, result: Float32Array | undefined): boolean;
}
