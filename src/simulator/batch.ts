import { nextTurn } from '../learning/gate.ts';
import { startWorker } from '../node/worker/start.ts';
import { silentLogger } from '../primitives/log.ts';
import type { RunResult } from './scenario.ts';
import { runSeed, type SimulationSpec } from './spec.ts';

export interface BatchOptions {
  readonly spec: SimulationSpec;
  readonly firstSeed: number;
  readonly lastSeed: number;
  /** 1 runs in this thread. */
  readonly threads: number;
  /** Aborted: no further seed is begun. */
  readonly signal: AbortSignal;
}

/** Runs are short-lived objects by the million: with Node's own 16 MiB the collector takes a fifth of the time. */
const YOUNG_GENERATION_MB = 128;
/** A batch is for one's own machine's spare time. */
const NICENESS = 10;

/** Beside this module: .js when built, .ts when run from source. */
const WORKER = new URL(`./seed-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/**
 * Runs each seed once; results come in the order in which they are done, and do not hang on it.
 * @throws what a run throws; NODE_WORKER_DIED
 */
export async function runSeeds(options: BatchOptions, onResult: (result: RunResult) => void): Promise<void> {
  const { spec, lastSeed, signal } = options;
  const threads = Math.min(options.threads, lastSeed - options.firstSeed + 1);
  let next = options.firstSeed;
  async function work(run: (seed: number) => Promise<RunResult>): Promise<void> {
    while (next <= lastSeed && !signal.aborted) onResult(await run(next++));
  }
  if (threads <= 1) {
    return work(async (seed) => {
      await nextTurn();
      return runSeed(spec, seed);
    });
  }
  await Promise.all(Array.from({ length: threads }, () => onThread(spec, work)));
}

async function onThread(spec: SimulationSpec, work: (run: (seed: number) => Promise<RunResult>) => Promise<void>): Promise<void> {
  const { remote, terminate } = await startWorker<{ run(seed: number): Promise<RunResult> }>(
    { url: WORKER, data: spec, name: 'simulation', niceness: NICENESS, youngGenerationMb: YOUNG_GENERATION_MB },
    silentLogger,
    () => {},
  );
  try {
    await work((seed) => remote.run(seed));
  } finally {
    await terminate();
  }
}
