import { drawnHeldOutBatch } from '../data/batches.ts';
import type { Dataset } from '../data/types.ts';
import type { TrainingEngine } from '../model/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { learningError } from './errors.ts';
import { meanOverRows } from './held-out.ts';
import type { ModelStore } from './models.ts';
import type { GateMeasurement, GateRequest } from './types.ts';
import type { UpdateFormat } from './update-format.ts';

/** Held-out sequences of one gate: a forward pass over half a default batch for each update. */
const GATE_SEQUENCES = 8;

/** Measures what each update alone does to the round's start, on held-out text nobody knew before it was sealed. */
export function createUpdateGate(parts: {
  readonly engine: () => TrainingEngine;
  readonly models: Pick<ModelStore, 'start'>;
  readonly update: (hash: Hash) => Promise<Uint8Array | undefined>;
  readonly format: UpdateFormat;
  readonly dataset: Dataset;
  readonly contextLength: number;
}) {
  const { dataset, contextLength } = parts;

  async function lossOf(engine: TrainingEngine, rows: Int32Array): Promise<number> {
    try {
      return (await meanOverRows(engine, rows, contextLength)).loss;
    } catch (error) {
      if (isPolError(error, 'MODEL_DIVERGED')) return Number.POSITIVE_INFINITY;
      throw error;
    }
  }

  async function measure({ round, startRoot, seed, updates }: GateRequest): Promise<GateMeasurement> {
    const { weights } = await parts.models.start(round, startRoot);
    const rows = drawnHeldOutBatch(dataset, contextLength, GATE_SEQUENCES, seed);
    const engine = parts.engine();
    engine.weights.set(weights);
    const baseline = await lossOf(engine, rows);
    const losses: number[] = [];
    for (const hash of updates) {
      const bytes = await parts.update(hash);
      if (bytes === undefined) throw learningError('LEARNING_UPDATE_MISSING', `update ${toHex(hash)} is not in the blob store`);
      engine.weights.set(weights);
      // The trainer's end weights as its update tells them: start − update. A sparse one tells them in part, and some of a former round's.
      parts.format.decode(bytes).addTo(engine.weights, -1);
      losses.push(await lossOf(engine, rows));
    }
    return { baseline, losses };
  }

  return { measure };
}
