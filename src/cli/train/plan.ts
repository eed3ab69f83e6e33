import type { LoadedDataset } from '../../data/dataset.ts';
import { chooseMemory, type MemoryChoice, type MemoryLimits } from '../../learning/single/memory.ts';
import type { RunConfig, RunWishes } from '../../learning/single/run-config.ts';
import { chooseModelSize, defaultLearningRate, defaultSteps, defaultWarmup } from '../../learning/single/scale.ts';
import { modelConfigForSize, parameterCount } from '../../model/shape.ts';
import type { ModelConfig, TokenizerChoice } from '../../params/genesis.ts';
import { DEFAULT_LEARNING } from '../../params/network-defaults.ts';
import { toHex } from '../../primitives/bytes.ts';
import { isPolError } from '../../primitives/errors.ts';
import type { ModelFlags, TrainFlags } from './flags.ts';

const DEFAULT_SEED = 0;

/** A shape of `parameters`, with what the flags say about it. @throws MODEL_SHAPE_INVALID */
export function shapeOf({ vocabSize, contextLength }: ModelFlags, parameters: number): ModelConfig {
  return modelConfigForSize(parameters, {
    ...(vocabSize === undefined ? {} : { vocabSize }),
    ...(contextLength === undefined ? {} : { contextLength }),
  });
}

/** The model to train: of the size that was asked for, or of the one that suits this machine and text (`chooseModelSize`). */
export function chooseModel(
  flags: ModelFlags,
  facts: { readonly limits: MemoryLimits; readonly textBytes: number; readonly measureFlops: () => number },
): ModelConfig {
  if (flags.modelSize !== undefined) return shapeOf(flags, flags.modelSize);
  const fits = (parameters: number): boolean => {
    try {
      memoryOf(flags, shapeOf(flags, parameters), facts.limits);
      return true;
    } catch (error) {
      if (isPolError(error, 'RUN_TOO_LARGE')) return false;
      throw error;
    }
  };
  return shapeOf(flags, chooseModelSize({ flops: facts.measureFlops(), textBytes: facts.textBytes, fits }));
}

/** How a model is trained within the limits. @throws RUN_TOO_LARGE */
export function memoryOf(flags: ModelFlags, model: ModelConfig, limits: MemoryLimits): MemoryChoice {
  const checkpointing = flags.checkpointing === 'auto' ? undefined : flags.checkpointing === 'on';
  return chooseMemory(model, flags.batchSize ?? DEFAULT_LEARNING.batch_size, { microBatch: flags.microBatch, checkpointing }, limits);
}

/** A new run: flags, and defaults for what they leave out. */
export function newRunConfig(
  flags: TrainFlags,
  model: ModelConfig,
  source: string,
  dataset: LoadedDataset,
  tokenizer: TokenizerChoice = { kind: 'gpt2' },
): RunConfig {
  const { outer_learning_rate: _rate, outer_momentum: _momentum, carry_moments: _carry, ...defaults } = DEFAULT_LEARNING;
  const batchSize = flags.batchSize ?? defaults.batch_size;
  const totalSteps =
    flags.steps ??
    defaultSteps({
      parameters: parameterCount(model),
      trainingTokens: dataset.trainingSequences * model.context_length,
      tokensPerStep: batchSize * model.context_length,
    });
  return {
    seed: flags.seed ?? DEFAULT_SEED,
    data: {
      source,
      root: toHex(dataset.root),
      tokens: dataset.tokenCount,
      held_out_tokens: dataset.heldOutTokens,
      ...(flags.heldOutPercent === undefined ? {} : { held_out_ppm: heldOutPpm(flags.heldOutPercent) }),
    },
    tokenizer,
    model,
    learning: {
      ...defaults,
      batch_size: batchSize,
      learning_rate: flags.learningRate ?? defaultLearningRate(model),
      warmup_steps: flags.warmup ?? defaultWarmup(totalSteps),
      total_steps: totalSteps,
    },
  };
}

/** Millionths of a share in per cent. */
export const heldOutPpm = (percent: number): number => Math.round(percent * 10_000);

/** What the flags say about a run that exists, but for its data and its length. @throws MODEL_SHAPE_INVALID */
export function wishesOf(flags: TrainFlags): RunWishes {
  const { modelSize, vocabSize, contextLength, batchSize, learningRate, warmup } = flags;
  const model = modelSize === undefined ? { vocab_size: vocabSize, context_length: contextLength } : shapeOf(flags, modelSize);
  return { seed: flags.seed, model, learning: { batch_size: batchSize, learning_rate: learningRate, warmup_steps: warmup } };
}
