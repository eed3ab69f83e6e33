import { availableParallelism } from 'node:os';
import { nextTurn } from '../../learning/gate.ts';
import { trainingFlopsPerToken } from '../../learning/single/arithmetic.ts';
import { measureMatmulRate } from '../../learning/single/matmul-rate.ts';
import { chooseMemory } from '../../learning/single/memory.ts';
import { initialiseWeights } from '../../model/initialise.ts';
import { parameterCount } from '../../model/shape.ts';
import { createTrainingEngine } from '../../model/training-engine.ts';
import type { Backend } from '../../numerics/backend.ts';
import { listBackends, selectBackend } from '../../numerics/backends.ts';
import type { LearningConfig, ModelConfig } from '../../params/genesis.ts';
import { DEFAULT_LEARNING, DEFAULT_MODEL } from '../../params/network-defaults.ts';
import { toHex } from '../../primitives/bytes.ts';
import { messageOf } from '../../primitives/errors.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { createProgress } from '../progress.ts';
import { groupDigits, table } from '../text.ts';
import { defaultMemoryBudget } from '../train/machine.ts';
import { shapeOf } from '../train/plan.ts';
import { formatRate, modelText } from '../train/reporter.ts';

const INIT_SEED = new Uint8Array(32);
/** A step that would take longer than so many times the time for it is not measured. */
const MOST_PATIENCE = 5;

export interface BenchFlags {
  readonly modelSize?: number;
  readonly vocabSize?: number;
  readonly contextLength?: number;
  readonly batchSize?: number;
  readonly backend?: readonly string[];
  readonly threads?: readonly string[];
  /** For each measurement. */
  readonly seconds: number;
  readonly json?: boolean;
}

interface Row {
  readonly backend: string;
  readonly threads: number;
  /** Best rate of square products, and their size. */
  readonly matmulFlops: number;
  readonly matmulSize: number;
  /** Of the fastest training step; undefined when one would take too long. */
  readonly tokensPerSecond: number | undefined;
}

/**
 * `pol-node bench`: for each backend and number of threads the rate of matrix products and of training. What it is measured against, the
 * practical peak, is the best rate of a product found.
 * @throws CLI_USAGE for threads that are no numbers; MODEL_SHAPE_INVALID, RUN_TOO_LARGE, NUMERICS_BACKEND_UNAVAILABLE
 */
export async function bench(flags: BenchFlags, io: Io): Promise<void> {
  const model =
    flags.modelSize === undefined && flags.vocabSize === undefined && flags.contextLength === undefined ? DEFAULT_MODEL : modelFor(flags);
  const learning: LearningConfig = {
    ...DEFAULT_LEARNING,
    batch_size: flags.batchSize ?? DEFAULT_LEARNING.batch_size,
    init_seed: toHex(INIT_SEED),
  };
  const progress = createProgress(io.err, io.clock.now);
  const rows: Row[] = [];
  try {
    for (const { wanted, threads } of candidates(flags)) {
      progress.update(`measuring ${wanted}, threads ${threads} …`);
      await nextTurn();
      const backend = await selectBackend({ wanted, threads }).catch((error: unknown) => {
        if (flags.backend !== undefined) throw error;
        progress.clear();
        io.err.write(`warning: ${wanted} is left out: ${messageOf(error)}\n`);
        return undefined;
      });
      if (backend !== undefined) rows.push(measure(backend, model, learning, 1000 * flags.seconds));
    }
  } finally {
    progress.clear();
  }
  const peak = Math.max(...rows.map(({ matmulFlops }) => matmulFlops));
  io.out.write(
    flags.json === true ? `${JSON.stringify(report(rows, peak, model), undefined, 2)}\n` : `${lines(rows, peak, model).join('\n')}\n`,
  );
}

function modelFor(flags: BenchFlags): ModelConfig {
  return shapeOf({ ...flags, checkpointing: 'auto' }, flags.modelSize ?? parameterCount(DEFAULT_MODEL));
}

/** Every backend (the reference only when it is named: it is for checking, not for speed) with 1, 2, 4 … threads and all processors. */
function* candidates(flags: BenchFlags): Generator<{ readonly wanted: string; readonly threads: number }> {
  // Read before anything is measured, and where no backend has threads, too.
  const counts = threadCounts(flags.threads);
  for (const wanted of flags.backend ?? listBackends().filter((name) => name !== 'reference')) {
    const isThreaded = wanted === 'auto' || wanted.startsWith('native');
    for (const threads of isThreaded ? counts : [1]) yield { wanted, threads };
  }
}

function threadCounts(wanted: readonly string[] | undefined): readonly number[] {
  if (wanted !== undefined) {
    return wanted.map((text) => {
      if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
      throw cliError('CLI_USAGE', `--threads: "${text}" is not a number of threads`);
    });
  }
  const all = availableParallelism();
  const counts: number[] = [];
  for (let count = 1; count < all; count *= 2) counts.push(count);
  return [...counts, all];
}

function measure(backend: Backend, model: ModelConfig, learning: LearningConfig, budgetMs: number): Row {
  const rate = measureMatmulRate(backend, { budgetMs }, () => performance.now());
  const tokens = learning.batch_size * model.context_length;
  const expectedMs = (1000 * tokens * trainingFlopsPerToken(model)) / rate.flops;
  return {
    backend: backend.name,
    threads: backend.threads,
    matmulFlops: rate.flops,
    matmulSize: rate.size,
    tokensPerSecond:
      expectedMs > MOST_PATIENCE * budgetMs ? undefined : (1000 * tokens) / fastestStepMs(backend, model, learning, budgetMs),
  };
}

/** The fastest of as many training steps as the time allows, and at least two: the first one also touches fresh memory. */
function fastestStepMs(backend: Backend, model: ModelConfig, learning: LearningConfig, budgetMs: number): number {
  const memory = chooseMemory(model, learning.batch_size, {}, { budgetBytes: defaultMemoryBudget(), backend });
  const engine = createTrainingEngine({ ...memory, model, learning }, { backend });
  try {
    initialiseWeights(model, INIT_SEED, engine.weights);
    const tokens = new Int32Array(learning.batch_size * (model.context_length + 1));
    for (let i = 0; i < tokens.length; i++) tokens[i] = (i * 7919) % model.vocab_size;
    const end = performance.now() + budgetMs;
    let best = Number.POSITIVE_INFINITY;
    for (let step = 1; step <= 2 || performance.now() < end; step++) {
      const began = performance.now();
      engine.step(tokens, { adamStep: step, learningRate: learning.learning_rate / 100 });
      best = Math.min(best, performance.now() - began);
    }
    return best;
  } finally {
    engine.release();
  }
}

function report(rows: readonly Row[], peak: number, model: ModelConfig): object {
  return {
    model,
    parameters: parameterCount(model),
    flops_per_token: trainingFlopsPerToken(model),
    peak_flops: Math.round(peak),
    rows: rows.map((row) => ({
      backend: row.backend,
      threads: row.threads,
      matmul_flops: Math.round(row.matmulFlops),
      matmul_size: row.matmulSize,
      tokens_per_second: row.tokensPerSecond === undefined ? null : Math.round(row.tokensPerSecond),
      peak_share: row.tokensPerSecond === undefined ? null : (row.tokensPerSecond * trainingFlopsPerToken(model)) / peak,
    })),
  };
}

function lines(rows: readonly Row[], peak: number, model: ModelConfig): readonly string[] {
  const cells = rows.map((row) => {
    const rate = row.tokensPerSecond;
    return [
      row.backend,
      String(row.threads),
      `${formatRate(row.matmulFlops)} (${row.matmulSize}³)`,
      rate === undefined ? 'too slow to measure' : groupDigits(rate),
      rate === undefined ? '–' : `${((100 * rate * trainingFlopsPerToken(model)) / peak).toFixed(1)} %`,
    ];
  });
  return [
    `model: ${modelText(model)}`,
    ...table([['backend', 'threads', 'matrix product', 'training tokens/s', 'of peak'], ...cells], [1, 2, 3, 4]),
    `peak: ${formatRate(peak)}, the best matrix product found here; training counts ${(trainingFlopsPerToken(model) / 1e6).toFixed(1)} MFLOP a token`,
  ];
}
