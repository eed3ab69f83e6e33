import { type MemoryChoice, type MemoryLimits, PROGRAM_BYTES } from '../../learning/single/memory.ts';
import { parameterCount } from '../../model/shape.ts';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import { formatBytes, groupDigits } from '../text.ts';
import type { ModelFlags } from '../train/flags.ts';
import { memoryOf, shapeOf } from '../train/plan.ts';
import type { Check } from './checks.ts';

/** What training a model of some size would take. */
export interface TrainingForecast {
  readonly parameters: number;
  /** Of weights, gradients, moments and activations; undefined when it does not fit. */
  readonly choice: MemoryChoice | undefined;
  /** Bytes that may be taken for it. */
  readonly budgetBytes: number;
  readonly problem: string | undefined;
}

/** Predicts by `trainingMemoryBytes`, with the micro-batch and checkpointing that `train` would choose. @throws MODEL_SHAPE_INVALID */
export function forecastTraining(flags: ModelFlags & { readonly modelSize: number }, limits: MemoryLimits): TrainingForecast {
  const { budgetBytes } = limits;
  const model = shapeOf(flags, flags.modelSize);
  const parameters = parameterCount(model);
  try {
    return { parameters, choice: memoryOf(flags, model, limits), budgetBytes, problem: undefined };
  } catch (error) {
    if (!isPolError(error, 'RUN_TOO_LARGE')) throw error;
    return { parameters, choice: undefined, budgetBytes, problem: messageOf(error) };
  }
}

export function judgeTraining({ parameters, choice, budgetBytes, problem }: TrainingForecast): Check {
  const size = groupDigits(parameters);
  if (choice === undefined) return { result: 'fail', text: `training ${size} parameters does not fit: ${problem ?? ''}` };
  const { bytes, microBatch, checkpointing } = choice;
  return {
    result: 'ok',
    text: `training ${size} parameters fits: ${formatBytes(bytes)} of ${formatBytes(budgetBytes)} (micro-batch ${microBatch}, checkpointing ${checkpointing ? 'on' : 'off'}), and ${formatBytes(PROGRAM_BYTES)} for the program`,
  };
}
