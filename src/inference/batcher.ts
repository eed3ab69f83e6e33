import type { BatchDecoder, SequenceInput } from '../model/types.ts';
import type { Slot } from './slots.ts';
import type { Task } from './task.ts';

/** A task with its place in the decoder. */
export interface RunningTask {
  readonly task: Task;
  readonly slot: Slot;
  /** Told after the pass that ended it. */
  ended(): void;
  /** Told when it could not go on; the others do. */
  failed(error: unknown): void;
}

/**
 * One pass over the decoder for as many running tasks as fit, and another for those that want states: first a row for each that makes
 * tokens, so that long prompts of newcomers do not stop answers under way; then prompts, the oldest first.
 */
export function runPass(decoder: BatchDecoder, running: readonly RunningTask[]): void {
  const ordered = [...running].sort((a, b) => Number(a.task.pending > 1) - Number(b.task.pending > 1));
  for (const kind of ['logits', 'states'] as const) {
    const tasks = ordered.filter(({ task }) => task.kind === kind);
    if (tasks.length > 0) runPieces(decoder, tasks);
  }
}

function runPieces(decoder: BatchDecoder, tasks: readonly RunningTask[]): void {
  const pieces: { readonly entry: RunningTask; readonly piece: Omit<SequenceInput, 'slot'> }[] = [];
  let rows = decoder.maxRows;
  let logits = decoder.maxLogitRows;
  for (const entry of tasks) {
    const piece = rows === 0 ? undefined : entry.task.piece(rows, logits);
    if (piece === undefined) continue;
    rows -= piece.tokens.length;
    if (piece.want === 'last') logits--;
    if (piece.want === 'every') logits -= piece.tokens.length;
    pieces.push({ entry, piece });
  }
  if (pieces.length === 0) return;
  const results = decoder.step(pieces.map(({ entry, piece }) => ({ ...piece, slot: entry.slot.index })));
  for (const { entry, piece } of pieces) entry.slot.appended(piece.tokens);
  for (const [i, { entry, piece }] of pieces.entries()) {
    try {
      if (entry.task.take(piece, results[i])) entry.ended();
    } catch (error) {
      entry.failed(error);
    }
  }
}
