import { createLayout, type Layout, type Ptr } from '../numerics/backend.ts';
import { CHAIN_BLOCK } from '../numerics/f32.ts';
import type { LearningConfig, ModelConfig } from '../params/genesis.ts';
import type { BackwardScratch, BlockActivations } from './block.ts';
import { modelError } from './errors.ts';
import { headDim, keyValueDim, locateParameters, type ParameterPointers, parameterLayout } from './layout.ts';
import type { ParameterLayout } from './types.ts';

/** Rows (tokens) of a micro-batch when the machine's owner names no size: long enough for full matrix tiles, short enough for caches. */
const DEFAULT_MICRO_BATCH_ROWS = 1024;
/** Rows whose logits exist at once: every pass over them reads all of the head's weights, and few enough stay in cache between passes. */
const DEFAULT_LOGIT_ROWS = 512;
/** With checkpointing: their buffer would be the largest that is left. */
const CHECKPOINTED_LOGIT_ROWS = 128;

/** Choices of the machine. They decide memory and speed, and never a bit of the result. */
export interface TrainingMemoryOptions {
  /** Sequences in one forward and backward pass. */
  readonly microBatch?: number;
  /** Keep only each block's input and compute the rest again in the backward pass: less memory, a third more time. */
  readonly checkpointing?: boolean;
  /** Rows (tokens) whose logits exist at once, rounded up to whole blocks of 32; left out: 512, or 128 with checkpointing. */
  readonly logitRows?: number;
}

/** Every buffer of training, placed once. */
export interface TrainingPlan {
  readonly words: number;
  readonly layout: ParameterLayout;
  readonly microBatch: number;
  readonly weightsAt: Ptr;
  readonly firstMomentAt: Ptr;
  readonly secondMomentAt: Ptr;
  readonly gradientsAt: Ptr;
  readonly weights: ParameterPointers;
  readonly gradients: ParameterPointers;
  /**
   * Gradient of the input embedding. With a tied head it has a buffer of its own, added to the head's gradient at the end of a step:
   * one buffer would mix two chains in an order that depends on the micro-batch.
   */
  readonly embeddingGradient: Ptr;
  readonly cos: Ptr;
  readonly sin: Ptr;
  readonly tokens: Ptr;
  readonly targets: Ptr;
  readonly losses: Ptr;
  readonly correct: Ptr;
  /** The residual stream before each block, and after the last. */
  readonly streams: readonly Ptr[];
  /** One for each block; all the same with checkpointing. */
  readonly blocks: readonly BlockActivations[];
  readonly finalNorm: Ptr;
  readonly finalRstd: Ptr;
  readonly logits: Ptr;
  readonly logitRows: number;
  readonly dStream: Ptr;
  readonly scratch: BackwardScratch;
}

/** @throws MODEL_INPUT_INVALID when microBatch or logitRows is not a positive whole number */
export function planTraining(config: ModelConfig, learning: LearningConfig, options: TrainingMemoryOptions): TrainingPlan {
  const { dim, vocab_size: vocab, context_length: context } = config;
  const microBatch = atMost(learning.batch_size, 'microBatch', options.microBatch ?? Math.ceil(DEFAULT_MICRO_BATCH_ROWS / context));
  const rows = microBatch * context;
  const logitRows = atMost(
    rows,
    'logitRows',
    options.logitRows ?? (options.checkpointing === true ? CHECKPOINTED_LOGIT_ROWS : DEFAULT_LOGIT_ROWS),
    CHAIN_BLOCK,
  );
  const layout = parameterLayout(config);
  const arena = createLayout();

  const weightsAt = arena.reserve(layout.count);
  const firstMomentAt = arena.reserve(layout.count);
  const secondMomentAt = arena.reserve(layout.count);
  const gradientsAt = arena.reserve(layout.count);
  const gradients = locateParameters(config, layout, gradientsAt);
  const embeddingGradient = config.tied_embeddings ? arena.reserve(vocab * dim) : gradients.embedding;
  const tableWords = (context * headDim(config)) / 2;
  const blocks: BlockActivations[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const shared = options.checkpointing === true ? blocks[0] : undefined;
    blocks.push(shared ?? planBlock(arena, config, rows, rows));
  }
  return {
    layout,
    microBatch,
    weightsAt,
    firstMomentAt,
    secondMomentAt,
    gradientsAt,
    weights: locateParameters(config, layout, weightsAt),
    gradients,
    embeddingGradient,
    cos: arena.reserve(tableWords),
    sin: arena.reserve(tableWords),
    tokens: arena.reserve(rows),
    targets: arena.reserve(rows),
    losses: arena.reserve(rows),
    correct: arena.reserve(rows),
    streams: Array.from({ length: config.layers + 1 }, () => arena.reserve(rows * dim)),
    blocks,
    finalNorm: arena.reserve(rows * dim),
    finalRstd: arena.reserve(rows),
    logits: arena.reserve(logitRows * vocab),
    logitRows,
    dStream: arena.reserve(rows * dim),
    scratch: {
      narrow: arena.reserve(rows * dim),
      wide: arena.reserve(rows * config.hidden_dim),
      dQ: arena.reserve(rows * dim),
      dK: arena.reserve(rows * keyValueDim(config)),
      dV: arena.reserve(rows * keyValueDim(config)),
    },
    words: arena.words,
  };
}

function atMost(limit: number, name: string, wanted: number, unit = 1): number {
  if (!Number.isSafeInteger(wanted) || wanted < 1)
    throw modelError('MODEL_INPUT_INVALID', `${name} ${wanted} is not a positive whole number`);
  return Math.min(limit, Math.ceil(wanted / unit) * unit);
}

/** Buffers of one block for `rows` query rows and `keyRows` rows of keys and values. */
export function planBlock(arena: Layout, config: ModelConfig, rows: number, keyRows: number): BlockActivations {
  const { dim, hidden_dim: hidden } = config;
  const keyDim = keyValueDim(config);
  return {
    inputNorm: arena.reserve(rows * dim),
    inputRstd: arena.reserve(rows),
    q: arena.reserve(rows * dim),
    k: arena.reserve(keyRows * keyDim),
    v: arena.reserve(keyRows * keyDim),
    attention: arena.reserve(rows * dim),
    stats: arena.reserve(rows * config.heads * 2),
    middle: arena.reserve(rows * dim),
    postNorm: arena.reserve(rows * dim),
    postRstd: arena.reserve(rows),
    gate: arena.reserve(rows * hidden),
    up: arena.reserve(rows * hidden),
    activation: arena.reserve(rows * hidden),
  };
}

/**
 * Bytes of a training engine's arena: 16 for each parameter (weight, gradient, two moments), 4 more for each of a tied embedding, and for
 * each token of a micro-batch 4·(blocks·(5·dim + 2·keyDim + 3·hidden + 2·heads) + (layers + 5)·dim + 2·keyDim + hidden + vocab) and some
 * words, where blocks is the number of layers, or 1 with checkpointing, and the logits (vocab) count for `logitRows` tokens only.
 * A backend's own packing buffers come on top.
 */
export function trainingMemoryBytes(config: ModelConfig, learning: LearningConfig, options: TrainingMemoryOptions = {}): number {
  return planTraining(config, learning, options).words * 4;
}
