import { join } from 'node:path';
import type { Checkpoint, HeldOutMeasurement } from '../../learning/single/checkpoints.ts';
import type { MemoryChoice } from '../../learning/single/memory.ts';
import type { RunConfig } from '../../learning/single/run-config.ts';
import type { LoopObserver, StepReport } from '../../learning/single/train-loop.ts';
import { parameterCount } from '../../model/shape.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import type { Io } from '../io.ts';
import { createProgress } from '../progress.ts';
import { formatBytes, formatDuration, groupDigits } from '../text.ts';

/** What is known when training begins. */
export interface StartFacts {
  readonly directory: string;
  readonly config: RunConfig;
  readonly parameters: number;
  /** Steps done in earlier sessions. */
  readonly step: number;
  readonly memory: MemoryChoice;
  readonly backend: string;
  readonly threads: number;
  /** Best matrix rate measured: the practical peak. */
  readonly peakFlops: number;
}

export interface StepFacts extends StepReport {
  readonly tokensPerSecond: number;
  /** Of the practical peak. */
  readonly peakShare: number;
  /** Undefined until it can be told. */
  readonly msLeft: number | undefined;
}

export interface EndFacts {
  readonly complete: boolean;
  readonly step: number;
  readonly totalSteps: number;
  readonly stateRoot: string;
  readonly directory: string;
  /** The newest checkpoint's file of weights; undefined when nothing was trained yet. */
  readonly weights: string | undefined;
  /** The command that goes on. */
  readonly resume: string;
}

/** Tells how training goes. */
export interface TrainReporter extends Omit<LoopObserver, 'onStep'> {
  /** Something that takes a while has begun, or has come further: what is before "…" names it. */
  stage(text: string): void;
  /** Something about the run became known. */
  fact(name: string, text: string): void;
  warn(text: string): void;
  started(facts: StartFacts): void;
  onStep(facts: StepFacts): void;
  ended(facts: EndFacts): void;
  /** Removes the progress line: an error is about to be told. */
  clear(): void;
}

/** For people: facts and measurements on the output, one line of progress beside it. */
export function createTextReporter(io: Io): TrainReporter {
  const progress = createProgress(io.err, io.clock.now);
  const line = (text: string): void => {
    progress.clear();
    io.out.write(`${text}\n`);
  };
  let totalSteps = 0;
  let heldOut: HeldOutMeasurement | undefined;
  const isNewStage = createStages();
  return {
    stage(text) {
      // A log shows at once what has begun; how far it has come, now and then.
      if (!io.err.isTerminal && isNewStage(text)) io.err.write(`${text}\n`);
      else progress.update(text);
    },
    fact: (name, text) => line(`${name.padEnd(9)}${text}`),
    warn(text) {
      progress.clear();
      io.err.write(`warning: ${text}\n`);
    },
    started(facts) {
      totalSteps = facts.config.learning.total_steps;
      line(`run      ${runText(facts)}`);
    },
    onStep(facts) {
      progress.update(stepLine(facts, totalSteps, heldOut));
    },
    onHeldOut(measurement) {
      heldOut = measurement;
      line(`step ${groupDigits(measurement.step)}: ${heldOutText(measurement)}`);
    },
    onSaved: () => {},
    ended({ complete, step, stateRoot, directory, weights, resume }) {
      line(`${complete ? 'complete' : 'stopped'} after step ${groupDigits(step)} of ${groupDigits(totalSteps)}, state ${stateRoot}`);
      if (weights !== undefined) line(`weights are in ${join(directory, weights)}; measure them with: pol-node eval --model ${directory}`);
      if (!complete) line(`go on with: ${resume}`);
    },
    clear: () => progress.clear(),
  };
}

/** For programs: an object a line. */
export function createJsonReporter(io: Io): TrainReporter {
  const event = (name: string, facts: object): void => io.out.write(`${JSON.stringify({ event: name, ...facts })}\n`);
  const isNewStage = createStages();
  return {
    stage(text) {
      if (isNewStage(text)) event('stage', { text });
    },
    fact: () => {},
    warn: (text) => event('warning', { text }),
    started: ({ directory, config, parameters, step, memory, backend, threads, peakFlops }) =>
      event('start', {
        directory,
        step,
        parameters,
        config,
        backend,
        threads,
        peak_flops: Math.round(peakFlops),
        micro_batch: memory.microBatch,
        checkpointing: memory.checkpointing,
        memory_bytes: memory.bytes,
      }),
    onStep: ({ step, loss, gradNorm, learningRate, tokensPerSecond, peakShare, msLeft }) =>
      event('step', {
        step,
        loss,
        grad_norm: gradNorm,
        learning_rate: learningRate,
        tokens_per_second: Math.round(tokensPerSecond),
        peak_share: Number(peakShare.toFixed(4)),
        seconds_left: msLeft === undefined ? null : Math.round(msLeft / 1000),
      }),
    onHeldOut: ({ step, loss, accuracy }) => event('held_out', { step, loss, perplexity: Math.exp(loss), accuracy }),
    onSaved: ({ step, state_root, weights }: Checkpoint) => event('checkpoint', { step, state_root, weights }),
    ended: ({ complete, step, totalSteps, stateRoot, resume }) =>
      event('end', { complete, step, total_steps: totalSteps, state_root: stateRoot, resume }),
    clear: () => {},
  };
}

/** True once for each thing that takes a while. */
function createStages(): (text: string) => boolean {
  let last = '';
  return (text) => {
    const name = text.split('…')[0] ?? text;
    const isNew = name !== last;
    last = name;
    return isNew;
  };
}

export function modelText(model: ModelConfig): string {
  return `${groupDigits(parameterCount(model))} parameters: ${model.layers} layers of width ${model.dim}, vocabulary ${groupDigits(model.vocab_size)}, context ${model.context_length}`;
}

export function memoryText(memory: MemoryChoice): string {
  return `${formatBytes(memory.bytes)}: micro-batch ${memory.microBatch}, checkpointing ${memory.checkpointing ? 'on' : 'off'}`;
}

function runText({ config, directory, step }: StartFacts): string {
  const { learning, model } = config;
  const tokensPerStep = learning.batch_size * model.context_length;
  const from = step === 0 ? '' : `from step ${groupDigits(step)}, `;
  return `${directory}: ${from}${groupDigits(learning.total_steps)} steps of ${groupDigits(tokensPerStep)} tokens, learning rate ${learning.learning_rate}`;
}

/** step 120/6,400  loss 5.1234  held-out 5.2000  12,345 tokens/s  31 % of peak  12 min 3 s left */
function stepLine(facts: StepFacts, totalSteps: number, heldOut: HeldOutMeasurement | undefined): string {
  return [
    `step ${groupDigits(facts.step)}/${groupDigits(totalSteps)}`,
    `loss ${facts.loss.toFixed(4)}`,
    ...(heldOut === undefined ? [] : [`held-out ${heldOut.loss.toFixed(4)}`]),
    `${groupDigits(facts.tokensPerSecond)} tokens/s`,
    `${Math.round(100 * facts.peakShare)} % of peak`,
    ...(facts.msLeft === undefined ? [] : [`${formatDuration(facts.msLeft)} left`]),
  ].join('  ');
}

export function heldOutText({ loss, accuracy }: { readonly loss: number; readonly accuracy: number }): string {
  return `held-out loss ${loss.toFixed(4)}, perplexity ${Math.exp(loss).toFixed(2)}, accuracy ${(100 * accuracy).toFixed(2)} %`;
}

/** Operations a second as "182.4 GFLOP/s". */
export function formatRate(flops: number): string {
  return flops >= 1e12 ? `${(flops / 1e12).toFixed(2)} TFLOP/s` : `${(flops / 1e9).toFixed(1)} GFLOP/s`;
}
