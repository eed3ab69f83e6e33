import type { ModelConfig } from '../../params/genesis.ts';
import { DEFAULT_LEARNING } from '../../params/network-defaults.ts';

/** Tokens a parameter deserves (arXiv:2203.15556). */
const TOKENS_PER_PARAMETER = 20;
/** Passes over a text that teach almost like new text (arXiv:2305.16264). */
const MOST_EPOCHS = 4;
/** A night. */
const TRAINING_SECONDS = 8 * 3600;
/** Of the matrix rate, that a whole step reaches. */
const EFFICIENCY = 0.5;
const FLOPS_PER_PARAMETER_AND_TOKEN = 6;
/** Bytes of English text a token stands for, with a vocabulary of some thousand. */
const BYTES_PER_TOKEN = 3.5;
const LEAST_PARAMETERS = 100_000;
const MOST_PARAMETERS = 20_000_000_000;
const LEAST_STEPS = 100;
/** Width for which the default learning rate was found. */
const TUNED_DIM = 128;

export interface ScaleFacts {
  /** Measured matrix rate of the backend that will train. */
  readonly flops: number;
  readonly textBytes: number;
  /** Whether a model of this size can be trained in the memory there is. */
  readonly fits: (parameters: number) => boolean;
}

/**
 * How large a model is worth training here: the smallest of
 * - time: what this machine trains on 20 tokens a parameter in 8 hours, at half its matrix rate: √(rate · seconds / 2 / 120);
 * - text: a twentieth of the tokens that four passes over the text give;
 * - memory: what fits;
 * rounded down to two digits, and not below 100,000.
 */
export function chooseModelSize({ flops, textBytes, fits }: ScaleFacts): number {
  const byTime = Math.sqrt((flops * EFFICIENCY * TRAINING_SECONDS) / (FLOPS_PER_PARAMETER_AND_TOKEN * TOKENS_PER_PARAMETER));
  const byText = ((textBytes / BYTES_PER_TOKEN) * MOST_EPOCHS) / TOKENS_PER_PARAMETER;
  let parameters = Math.min(MOST_PARAMETERS, byTime, byText);
  while (parameters > LEAST_PARAMETERS && !fits(parameters)) parameters *= 0.9;
  return Math.max(LEAST_PARAMETERS, twoDigits(parameters, Math.floor));
}

/** Steps of a run that was given none: 20 tokens a parameter, but at most four passes over the training text, and at least 100. */
export function defaultSteps(facts: {
  readonly parameters: number;
  readonly trainingTokens: number;
  readonly tokensPerStep: number;
}): number {
  const tokens = Math.min(TOKENS_PER_PARAMETER * facts.parameters, MOST_EPOCHS * facts.trainingTokens);
  return Math.max(LEAST_STEPS, Math.ceil(tokens / facts.tokensPerStep));
}

/** Peak learning rate of a run that was given none: the network's default up to a width of 128, then falling with the root of the width. */
export function defaultLearningRate(model: ModelConfig): number {
  return twoDigits(DEFAULT_LEARNING.learning_rate * Math.min(1, Math.sqrt(TUNED_DIM / model.dim)), Math.round);
}

/** Warm-up of a run that was given none: the network's default, but at most a tenth of the run. */
export function defaultWarmup(totalSteps: number): number {
  return Math.min(DEFAULT_LEARNING.warmup_steps, Math.floor(totalSteps / 10));
}

function twoDigits(value: number, round: (value: number) => number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((round(value / unit + 1e-9) * unit).toPrecision(2));
}
