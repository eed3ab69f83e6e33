import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { heldOutBatch } from '../../data/batches.ts';
import type { Dataset } from '../../data/types.ts';
import { meanOverRows } from '../../learning/held-out.ts';
import { runError } from '../../learning/single/errors.ts';
import { chooseMemory } from '../../learning/single/memory.ts';
import { learningConfigOf, type RunConfig } from '../../learning/single/run-config.ts';
import { readRun } from '../../learning/single/run-directory.ts';
import { createTrainingEngine } from '../../model/training-engine.ts';
import { toHex } from '../../primitives/bytes.ts';
import type { Io } from '../io.ts';
import { createProgress, type Progress } from '../progress.ts';
import { storedTokenizer } from '../run-tokenizer.ts';
import { onStopRequest } from '../stop-request.ts';
import { groupDigits } from '../text.ts';
import { dataSource } from '../train/arguments.ts';
import { defaultMemoryBudget, machineBackend } from '../train/machine.ts';
import { heldOutText } from '../train/reporter.ts';
import { loadText } from '../train/text-data.ts';

export interface EvalFlags {
  readonly model: string;
  readonly data?: string;
  readonly sequences?: number;
  readonly threads?: number;
  readonly backend: string;
  readonly memory?: number;
  readonly datasetCache?: string;
  readonly json?: boolean;
}

/**
 * `pol-node eval`: loss, perplexity, accuracy and speed of a run's newest weights, on its held-out text or on all of another one. Ctrl-C
 * ends it with the sequences measured so far.
 * @throws RUN_MISSING, RUN_MISMATCH, RUN_CHECKPOINT_DAMAGED, RUN_TOO_LARGE; DATA_… and NUMERICS_… errors
 */
export async function evaluate(flags: EvalFlags, io: Io): Promise<void> {
  const progress = createProgress(io.err, io.clock.now);
  const stop = new AbortController();
  const forget = onStopRequest(io, () => stop.abort());
  try {
    const result = await measure(flags, io, progress, stop.signal);
    progress.clear();
    io.out.write(flags.json === true ? `${JSON.stringify(result)}\n` : `${resultLines(result).join('\n')}\n`);
  } finally {
    progress.clear();
    forget();
  }
}

interface EvalResult {
  readonly directory: string;
  readonly step: number;
  readonly weights_root: string;
  readonly data: string;
  readonly part: 'held-out' | 'all';
  readonly sequences: number;
  readonly tokens: number;
  readonly loss: number;
  readonly perplexity: number;
  readonly accuracy: number;
  readonly tokens_per_second: number;
  readonly backend: string;
}

async function measure(flags: EvalFlags, io: Io, progress: Progress, stop: AbortSignal): Promise<EvalResult> {
  const directory = resolve(io.workingDirectory, flags.model);
  const stored = await readRun(directory, { now: io.clock.now });
  const config = stored.document?.config;
  if (config === undefined || stored.checkpoints.listed.length === 0) {
    const lack = config === undefined ? 'no run' : 'a run without a checkpoint';
    throw runError('RUN_MISSING', `${directory} holds ${lack}; name the --out folder of "pol-node train"`);
  }
  const { model } = config;
  const context = model.context_length;
  const dataset = await loadDatasetFor(config, directory, flags, io, progress);
  const rows =
    flags.data === undefined
      ? heldOutBatch(dataset, context, flags.sequences ?? dataset.heldOutSequences)
      : allRows(dataset, context, flags.sequences);

  const backend = await machineBackend({ ...flags, threads: flags.threads ?? availableParallelism() }, (text) => {
    progress.clear();
    io.err.write(`warning: ${text}\n`);
  });
  // Nothing is kept for a backward pass, so sharing the buffers of all blocks costs no time.
  const memory = chooseMemory(
    model,
    config.learning.batch_size,
    { checkpointing: true },
    {
      budgetBytes: flags.memory ?? defaultMemoryBudget(),
      backend,
    },
  );
  const engine = createTrainingEngine({ ...memory, model, learning: learningConfigOf(config) }, { backend });
  try {
    const checkpoint = await stored.checkpoints.restoreWeights(engine.weights, ({ step }) => {
      progress.clear();
      io.err.write(`warning: the weights of step ${step} are damaged; measuring the ones before\n`);
    });
    const sequences = rows.length / (context + 1);
    let measured = 0;
    const began = performance.now();
    const { loss, accuracy } = await meanOverRows(engine, rows, context, (done) => {
      measured = done;
      progress.update(`measuring … ${groupDigits(done)} of ${groupDigits(sequences)} sequences`);
      return !stop.aborted;
    });
    const tokens = measured * context;
    return {
      directory,
      step: checkpoint?.step ?? 0,
      weights_root: checkpoint?.weights_root ?? '',
      data: flags.data ?? config.data.source,
      part: flags.data === undefined ? 'held-out' : 'all',
      sequences: measured,
      tokens,
      loss,
      perplexity: Math.exp(loss),
      accuracy,
      tokens_per_second: Math.round((1000 * tokens) / Math.max(1e-3, performance.now() - began)),
      backend: backend.name,
    };
  } finally {
    engine.release();
  }
}

async function loadDatasetFor(config: RunConfig, directory: string, flags: EvalFlags, io: Io, progress: Progress): Promise<Dataset> {
  const { model, data } = config;
  const isOwn = flags.data === undefined;
  const source = isOwn ? data.source : dataSource(flags.data, io.workingDirectory);
  const dataset = await loadText(
    // Of another text all is measured: the held-out part only has to be there.
    {
      source,
      model,
      heldOutTokens: isOwn ? data.held_out_tokens : model.context_length + 1,
      heldOutPpm: isOwn ? data.held_out_ppm : undefined,
      tokenizer: (await storedTokenizer(config, directory))?.text,
      cache: flags.datasetCache,
      runDirectory: directory,
    },
    { io, onStage: progress.update },
  );
  if (isOwn && toHex(dataset.root) !== data.root) {
    throw runError(
      'RUN_MISMATCH',
      `${source} is no longer the text that the run trained on (root ${toHex(dataset.root)}, not ${data.root}); its held-out part would not compare: name a text with --data`,
    );
  }
  return dataset;
}

/** The first `most` sequences of a text, or all: training part, then held-out part, which here are one text. */
function allRows(dataset: Dataset, context: number, most = Number.POSITIVE_INFINITY): Int32Array {
  const { trainingSequences, heldOutSequences } = dataset;
  const count = Math.min(most, trainingSequences + heldOutSequences);
  const rows = new Int32Array(count * (context + 1));
  for (let i = 0; i < count; i++) {
    const at = i * (context + 1);
    if (i < trainingSequences) dataset.readTraining(i, rows, at);
    else dataset.readHeldOut(i - trainingSequences, rows, at);
  }
  return rows;
}

function resultLines(result: EvalResult): readonly string[] {
  const part = result.part === 'held-out' ? 'held-out part' : 'all of it';
  return [
    `model    ${result.directory}, step ${groupDigits(result.step)}`,
    `data     ${result.data}, ${part}: ${groupDigits(result.sequences)} sequences, ${groupDigits(result.tokens)} tokens`,
    heldOutText(result),
    `${groupDigits(result.tokens_per_second)} tokens/s (${result.backend})`,
  ];
}
