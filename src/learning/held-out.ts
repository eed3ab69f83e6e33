import { heldOutBatch } from '../data/batches.ts';
import type { Dataset } from '../data/types.ts';
import type { TrainingEngine } from '../model/types.ts';
import { nextTurn } from './gate.ts';

/** Sequences of the held-out part that measure a model: the first ones, always the same, so that measurements compare. */
export const HELD_OUT_SEQUENCES = 64;
/** Evaluated at once; part of the result, since means are taken in two levels. */
const SEQUENCES_A_CHUNK = 8;

export interface HeldOutResult {
  /** Nats a token, f32. */
  readonly loss: number;
  /** Share of tokens predicted right, f32. */
  readonly accuracy: number;
}

/** The first `count` held-out sequences through the weights an engine holds; as `meanOverRows`. */
export function measureHeldOut(engine: TrainingEngine, dataset: Dataset, contextLength: number, count: number): Promise<HeldOutResult> {
  return meanOverRows(engine, heldOutBatch(dataset, contextLength, count), contextLength);
}

/**
 * Loss and accuracy over rows of context_length + 1 tokens. Each chunk's means weigh by its sequences: sums ascending in f64, divided
 * and rounded to f32 once, so that honest nodes agree to the bit. Other events have their turn between two chunks.
 * @param onChunk told the sequences done after each chunk; false ends the measurement with what was measured
 */
export async function meanOverRows(
  engine: TrainingEngine,
  rows: Int32Array,
  contextLength: number,
  onChunk: (sequencesDone: number) => boolean = () => true,
): Promise<HeldOutResult> {
  const total = rows.length / (contextLength + 1);
  let done = 0;
  let loss = 0;
  let accuracy = 0;
  while (done < total) {
    await nextTurn();
    const count = Math.min(SEQUENCES_A_CHUNK, total - done);
    const chunk = engine.evaluate(rows.subarray(done * (contextLength + 1), (done + count) * (contextLength + 1)));
    loss += chunk.loss * count;
    accuracy += chunk.accuracy * count;
    done += count;
    if (!onChunk(done)) break;
  }
  return { loss: Math.fround(loss / done), accuracy: Math.fround(accuracy / done) };
}
