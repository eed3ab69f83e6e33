import { type TrainingMemoryOptions, trainingMemoryBytes } from '../../model/training-plan.ts';
import type { Backend } from '../../numerics/backend.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { DEFAULT_LEARNING } from '../../params/network-defaults.ts';
import { isPolError } from '../../primitives/errors.ts';
import { runError } from './errors.ts';

/** Rows (tokens) of a micro-batch below which matrix products lose speed: checkpointing costs less than going below. */
const LEAST_FAST_ROWS = 256;
/** As planTraining's own default. */
const DEFAULT_ROWS = 1024;
const MEBIBYTE = 2 ** 20;

/**
 * What a process needs beside the training arena: the runtime with the program and its tokenizer, and the kernels' packing buffers.
 * Measured: 150 MiB.
 */
export const PROGRAM_BYTES = 160 * MEBIBYTE;

/** Left out: chosen. */
export interface MemoryWishes {
  /** Sequences in one forward and backward pass; gradients accumulate over the rest of the batch. */
  readonly microBatch?: number | undefined;
  readonly checkpointing?: boolean | undefined;
}

export interface MemoryChoice {
  readonly microBatch: number;
  readonly checkpointing: boolean;
  /** Of the training arena. */
  readonly bytes: number;
}

export interface MemoryLimits {
  /** For the training arena alone. */
  readonly budgetBytes: number;
  /** Asked whether it gives an arena of that size: backends have limits of their own. Memory that is not touched costs nothing. */
  readonly backend?: Backend;
}

/**
 * The fastest way to train that fits: the usual micro-batch; smaller ones as long as products stay efficient; then gradient
 * checkpointing (a third more arithmetic) with the usual micro-batch, and with smaller ones down to one sequence.
 * None of it changes a bit of the result.
 * @throws RUN_TOO_LARGE naming the least bytes it would take
 */
export function chooseMemory(model: ModelConfig, batchSize: number, wishes: MemoryWishes, limits: MemoryLimits): MemoryChoice {
  const { budgetBytes, backend } = limits;
  let least: MemoryChoice | undefined;
  for (const choice of candidates(model, batchSize, wishes)) {
    const found = { ...choice, bytes: memoryFor(model, batchSize, choice) };
    if (found.bytes <= budgetBytes && (backend === undefined || givesArena(backend, found.bytes))) return found;
    if (least === undefined || found.bytes < least.bytes) least = found;
  }
  const needed = least?.bytes ?? 0;
  throw tooLarge(
    needed,
    needed > budgetBytes || backend === undefined
      ? `${gibibytes(budgetBytes)} GiB are free for it`
      : `backend ${backend.name} cannot give as much at once`,
  );
}

function givesArena(backend: Backend, bytes: number): boolean {
  try {
    backend.createArena(bytes / 4).release();
    return true;
  } catch (error) {
    if (isPolError(error, 'NUMERICS_OUT_OF_MEMORY') || isPolError(error, 'NUMERICS_BAD_ARGUMENT')) return false;
    throw error;
  }
}

/** Fastest first. */
function* candidates(
  model: ModelConfig,
  batchSize: number,
  wishes: MemoryWishes,
): Generator<Required<Pick<TrainingMemoryOptions, 'microBatch' | 'checkpointing'>>> {
  const context = model.context_length;
  const usual = Math.min(batchSize, wishes.microBatch ?? Math.ceil(DEFAULT_ROWS / context));
  for (const checkpointing of wishes.checkpointing === undefined ? [false, true] : [wishes.checkpointing]) {
    const mayShrink = wishes.microBatch === undefined;
    const least = checkpointing || wishes.checkpointing === false ? 1 : Math.min(usual, Math.ceil(LEAST_FAST_ROWS / context));
    for (let microBatch = usual; ; microBatch = Math.ceil(microBatch / 2)) {
      yield { microBatch, checkpointing };
      if (!mayShrink || microBatch <= least) break;
    }
  }
}

/** Bytes of the training arena (`trainingMemoryBytes`); of the schedule, only the batch counts. */
export function memoryFor(model: ModelConfig, batchSize: number, options: TrainingMemoryOptions): number {
  return trainingMemoryBytes(model, { ...DEFAULT_LEARNING, batch_size: batchSize, init_seed: '0x' }, options);
}

function tooLarge(neededBytes: number, found: string) {
  return runError(
    'RUN_TOO_LARGE',
    `training this model needs at least ${neededBytes.toLocaleString('en-US')} bytes (${gibibytes(neededBytes)} GiB) and ${found}; use --checkpointing on, a smaller --micro-batch, --model-size, --context-length or --vocab-size, or allow more with --memory`,
    { data: { neededBytes } },
  );
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(2);
}
