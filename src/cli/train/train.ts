import { resolve } from 'node:path';
import type { LoadedDataset } from '../../data/dataset.ts';
import { pinSource, type SourceOptions } from '../../data/source.ts';
import { trainingFlopsPerToken } from '../../learning/single/arithmetic.ts';
import { runError } from '../../learning/single/errors.ts';
import { measureMatmulRate } from '../../learning/single/matmul-rate.ts';
import type { MemoryChoice } from '../../learning/single/memory.ts';
import { type RunConfig, requireSameRun } from '../../learning/single/run-config.ts';
import { openRunDirectory, type RunDirectory, readRun } from '../../learning/single/run-directory.ts';
import { trainLoop } from '../../learning/single/train-loop.ts';
import { openTrainingRun, withTotalSteps } from '../../learning/single/training-run.ts';
import { parameterCount } from '../../model/shape.ts';
import type { Backend } from '../../numerics/backend.ts';
import { toHex } from '../../primitives/bytes.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { sourcesOf } from '../remote.ts';
import { storedTokenizer, writeTokenizer } from '../run-tokenizer.ts';
import { onStopRequest } from '../stop-request.ts';
import { formatBytes, groupDigits } from '../text.ts';
import { chooseTokenizer, type FileTokenizer } from '../tokenizer-choice.ts';
import { programVersion } from '../version.ts';
import { dataSource } from './arguments.ts';
import type { TrainFlags } from './flags.ts';
import { defaultMemoryBudget, machineBackend } from './machine.ts';
import { chooseModel, heldOutPpm, memoryOf, newRunConfig, wishesOf } from './plan.ts';
import {
  createJsonReporter,
  createTextReporter,
  formatRate,
  memoryText,
  modelText,
  type StepFacts,
  type TrainReporter,
} from './reporter.ts';
import { cacheOf, loadText, textBytes } from './text-data.ts';
import { createThroughput } from './throughput.ts';

/** Long enough for some twenty products of 1024³, short enough not to be noticed. */
const PEAK_BUDGET_MS = 300;
/** When a model's size depends on it. */
const SIZING_BUDGET_MS = 2000;

/**
 * `pol-node train`: starts a run or takes it up, and trains until it is complete or SIGINT or SIGTERM comes; then the running step is
 * finished, the state saved, and the command that goes on is told.
 * @throws RUN_…, DATA_…, MODEL_…, NUMERICS_… errors, all told in one line
 */
export async function train(flags: TrainFlags, io: Io): Promise<void> {
  const reporter = flags.json === true ? createJsonReporter(io) : createTextReporter(io);
  const stop = new AbortController();
  const forget = onStopRequest(io, () => {
    stop.abort();
    reporter.stage('stopping: the running step is finished and saved …');
  });
  try {
    await trainUntil(stop.signal, flags, reporter, io);
  } finally {
    reporter.clear();
    forget();
  }
}

async function trainUntil(stop: AbortSignal, flags: TrainFlags, reporter: TrainReporter, io: Io): Promise<void> {
  const path = resolve(io.workingDirectory, flags.out);
  // A wrong path is told before anything is made or measured.
  const bytes =
    flags.data === undefined
      ? undefined
      : await textBytes(
          dataSource(flags.data, io.workingDirectory),
          sourcesOf(io, cacheOf({ cache: flags.datasetCache, runDirectory: path }), reporter.stage, stop),
        );
  if (flags.resume === true && (await readRun(path, { now: io.clock.now })).document === undefined) {
    throw cliError('CLI_USAGE', `--resume: ${path} holds no run; leave the flag out to start one`);
  }
  const directory = await openRunDirectory(path, { now: io.clock.now });
  try {
    if (directory.document !== undefined) requireSameRun(directory.document.config, wishesOf(flags), path);
    reporter.stage('testing the arithmetic …');
    const backend = await machineBackend(flags, reporter.warn);
    const session: Session = { flags, directory, backend, reporter, io, stop };
    const prepared = await prepare(session, bytes).catch((error: unknown) => {
      if (error !== stop.reason) throw error;
      return undefined;
    });
    if (prepared === undefined || stop.aborted) reporter.warn('stopped before the first step: there is nothing to save');
    else await runSession(session, prepared);
  } finally {
    await directory.release();
  }
}

interface Session {
  readonly flags: TrainFlags;
  readonly directory: RunDirectory;
  readonly backend: Backend;
  readonly reporter: TrainReporter;
  readonly io: Io;
  readonly stop: AbortSignal;
}

interface Prepared {
  readonly config: RunConfig;
  readonly dataset: LoadedDataset;
  readonly memory: MemoryChoice;
  readonly peakFlops: number;
}

/** Everything that is decided before training: cheap refusals first, tokenising last. Throws `stop`'s reason when it is aborted. */
async function prepare({ flags, directory, backend, reporter, io, stop }: Session, bytes: number | undefined): Promise<Prepared> {
  const existing = directory.document?.config;
  if (existing !== undefined) requireSameText(existing, flags, directory.path);
  const wanted = flags.data === undefined && existing !== undefined ? existing.data.source : dataSource(flags.data, io.workingDirectory);
  const sources = sourcesOf(io, cacheOf({ cache: flags.datasetCache, runDirectory: directory.path }), reporter.stage, stop);
  const source = await pinSource(wanted, sources);
  const limits = { budgetBytes: flags.memory ?? defaultMemoryBudget(), backend };
  reporter.fact('machine', `${backend.name}, threads ${backend.threads}`);
  let peakFlops: number | undefined;
  const measurePeak = (budgetMs: number): number => {
    reporter.stage('measuring the speed of this machine …');
    const { flops, size } = measureMatmulRate(backend, { budgetMs }, () => performance.now());
    reporter.fact('peak', `${formatRate(flops)} in matrix products of ${size}³`);
    peakFlops = flops;
    return flops;
  };
  const tokenizer =
    existing === undefined ? await newTokenizer(flags, source, sources, reporter, io) : await storedTokenizer(existing, directory.path);
  const model =
    existing?.model ??
    chooseModel(tokenizer === undefined ? flags : { ...flags, vocabSize: tokenizer.vocabSize }, {
      limits,
      textBytes: bytes ?? (await textBytes(source, sources)),
      measureFlops: () => measurePeak(SIZING_BUDGET_MS),
    });
  reporter.fact('model', modelText(model));
  const memory = memoryOf({ ...flags, ...(existing === undefined ? {} : { batchSize: existing.learning.batch_size }) }, model, limits);
  reporter.fact('memory', memoryText(memory));
  const dataset = await loadText(
    {
      source,
      model,
      heldOutTokens: existing?.data.held_out_tokens,
      heldOutPpm: existing === undefined ? heldOutPpmOf(flags) : existing.data.held_out_ppm,
      tokenizer: tokenizer?.text,
      cache: flags.datasetCache,
      runDirectory: directory.path,
    },
    {
      io,
      signal: stop,
      onStage(text) {
        // Ends the tokenising, which removes what it wrote.
        stop.throwIfAborted();
        reporter.stage(text);
      },
    },
  );
  reporter.fact('data', `${source}: ${groupDigits(dataset.tokenCount)} tokens, ${groupDigits(dataset.heldOutTokens)} held out`);
  const common = { dataset, memory };
  if (existing === undefined) {
    if (tokenizer !== undefined) await writeTokenizer(directory.path, tokenizer);
    return {
      config: newRunConfig(flags, model, source, dataset, tokenizer?.choice),
      ...common,
      peakFlops: peakFlops ?? measurePeak(PEAK_BUDGET_MS),
    };
  }
  requireSameRun(existing, { dataRoot: toHex(dataset.root) }, directory.path);
  const stepsDone = directory.checkpoints.listed[0]?.step ?? 0;
  return {
    config: flags.steps === undefined ? existing : withTotalSteps(existing, flags.steps, stepsDone),
    ...common,
    peakFlops: measurePeak(PEAK_BUDGET_MS),
  };
}

/** Where the text a run learned is another one than the flags say. @throws RUN_MISMATCH */
function requireSameText(config: RunConfig, flags: TrainFlags, directory: string): void {
  const differs =
    flags.heldOutPercent !== undefined && heldOutPpmOf(flags) !== config.data.held_out_ppm
      ? '--held-out-percent'
      : flags.tokenizer !== undefined && (flags.tokenizer === 'gpt2') !== (config.tokenizer.kind === 'gpt2')
        ? '--tokenizer'
        : undefined;
  if (differs === undefined) return;
  throw runError(
    'RUN_MISMATCH',
    `${differs}: the run in ${directory} was begun otherwise; leave the flag out to resume, or choose another --out`,
  );
}

const heldOutPpmOf = ({ heldOutPercent }: TrainFlags): number | undefined =>
  heldOutPercent === undefined ? undefined : heldOutPpm(heldOutPercent);

function newTokenizer(
  flags: TrainFlags,
  source: string,
  sources: SourceOptions,
  reporter: TrainReporter,
  io: Io,
): Promise<FileTokenizer | undefined> {
  return chooseTokenizer(
    flags.tokenizer,
    { vocabSize: flags.vocabSize, source, workingDirectory: io.workingDirectory },
    { sources, onProgress: (done, total) => reporter.stage(`learning a vocabulary … ${formatBytes(done)} of ${formatBytes(total)}`) },
  );
}

async function runSession({ flags, directory, backend, reporter, io, stop }: Session, prepared: Prepared): Promise<void> {
  const { config, dataset, memory, peakFlops } = prepared;
  const run = await openTrainingRun(
    { config, memory },
    {
      directory,
      backend,
      dataset,
      program: `pol-node ${programVersion()}`,
      now: io.clock.now,
      onDamaged: ({ step }) => reporter.warn(`the checkpoint of step ${step} is damaged; going on from the one before`),
    },
  );
  try {
    const totalSteps = config.learning.total_steps;
    reporter.started({
      directory: directory.path,
      config,
      parameters: parameterCount(config.model),
      step: run.step,
      memory,
      backend: backend.name,
      threads: backend.threads,
      peakFlops,
    });
    const measured = measuredSteps({ config, peakFlops, firstStep: run.step, now: () => performance.now() });
    const complete = await trainLoop(
      run,
      { totalSteps, rhythm: { evalEvery: flags.evalEvery, saveEvery: flags.saveEvery } },
      {
        observer: {
          onStep: (report) => reporter.onStep(measured(report)),
          onHeldOut: reporter.onHeldOut,
          onSaved: reporter.onSaved,
        },
        stop,
        now: () => performance.now(),
      },
    );
    reporter.ended({
      complete,
      step: run.step,
      totalSteps,
      weights: directory.checkpoints.listed[0]?.weights,
      directory: flags.out,
      stateRoot: toHex(run.root()),
      resume: `pol-node train --out ${flags.out}`,
    });
  } finally {
    run.release();
  }
}

/** Adds what a step's time says: speed, share of the peak, and the time left, which counts measurements and saving too. */
function measuredSteps(options: {
  readonly config: RunConfig;
  readonly peakFlops: number;
  readonly firstStep: number;
  readonly now: () => number;
}): (report: Omit<StepFacts, 'tokensPerSecond' | 'peakShare' | 'msLeft'>) => StepFacts {
  const { config, peakFlops, firstStep, now } = options;
  const { model, learning } = config;
  const throughput = createThroughput();
  const began = now();
  return (report) => {
    throughput.add(learning.batch_size * model.context_length, report.ms);
    const tokensPerSecond = throughput.tokensPerSecond();
    return {
      ...report,
      tokensPerSecond,
      peakShare: (tokensPerSecond * trainingFlopsPerToken(model)) / peakFlops,
      msLeft: ((now() - began) / (report.step - firstStep)) * (learning.total_steps - report.step),
    };
  };
}
