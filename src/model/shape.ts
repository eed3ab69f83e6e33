import type { ModelConfig } from '../params/genesis.ts';
import { modelError } from './errors.ts';
import { parameterLayout } from './layout.ts';

const LEAST_PARAMETERS = 100_000;
const MOST_PARAMETERS = 20_000_000_000;

/** From how many parameters on a larger vocabulary pays for its embedding. */
const VOCABULARIES: readonly (readonly [leastParameters: number, vocabSize: number])[] = [
  [500_000_000, 50_257],
  [100_000_000, 32_768],
  [30_000_000, 16_384],
  [10_000_000, 8_192],
  [400_000, 4_096],
  [0, 1_024],
];
/** A head of its own pays once the embedding is a small part of the model. */
const UNTIED_FROM_PARAMETERS = 500_000_000;
const MOST_LAYERS = 96;

export interface ShapeOptions {
  /** Left out: chosen by size, 1,024 … 50,257. */
  readonly vocabSize?: number;
  /** Tokens a sequence; left out: 128 for small models, up to 2,048. */
  readonly contextLength?: number;
}

/** Parameters of a model in all, embeddings included. */
export function parameterCount(config: ModelConfig): number {
  return parameterLayout(config).count;
}

/**
 * A Llama shape of about the wanted number of parameters (within 20 %): grouped-query attention with two or more query heads
 * a key head, hidden width 8/3 of the model's, and a width of 32 to 128 times the depth, growing with size.
 * @throws MODEL_SHAPE_INVALID when the number is out of range or no shape comes near it with the given vocabulary
 *
 * @example
 * modelConfigForSize(2_000_000, { contextLength: 128 }).dim; // 128
 */
export function modelConfigForSize(parameters: number, options: ShapeOptions = {}): ModelConfig {
  if (!Number.isFinite(parameters) || parameters < LEAST_PARAMETERS || parameters > MOST_PARAMETERS) {
    throw modelError(
      'MODEL_SHAPE_INVALID',
      `model_size ${parameters} is not a number of parameters from ${LEAST_PARAMETERS} to ${MOST_PARAMETERS}`,
    );
  }
  const vocabSize = options.vocabSize ?? (VOCABULARIES.find(([least]) => parameters >= least)?.[1] as number);
  const contextLength = options.contextLength ?? contextForSize(parameters);
  const tied = parameters < UNTIED_FROM_PARAMETERS;

  let best: { config: ModelConfig; cost: number } | undefined;
  for (const dim of widths()) {
    // Width over depth, from 32 (tiny) to 128 (billions).
    const wantedAspect = Math.min(128, Math.max(32, dim / 8));
    for (let layers = 2; layers <= MOST_LAYERS; layers++) {
      const config = configOf(dim, layers, vocabSize, contextLength, tied);
      const size = quickCount(config);
      if (size > parameters * 1.2) break;
      if (size < parameters * 0.8) continue;
      const sizeError = Math.log(size / parameters) / Math.log(1.2);
      const aspectError = Math.log(dim / layers / wantedAspect);
      const cost = sizeError * sizeError + aspectError * aspectError;
      if (best === undefined || cost < best.cost) best = { config, cost };
    }
  }
  if (best === undefined) {
    throw modelError(
      'MODEL_SHAPE_INVALID',
      `no model of about ${parameters} parameters has a vocabulary of ${vocabSize}; choose a smaller vocabulary or a larger model_size`,
    );
  }
  return best.config;
}

/** Widths with an even number of heads, so that queries can share keys. */
function* widths(): Generator<number> {
  for (let dim = 32; dim <= 16_384; dim += 2 * headWidth(dim)) if (dim % (2 * headWidth(dim)) === 0) yield dim;
}

function headWidth(dim: number): number {
  if (dim < 128) return 16;
  if (dim < 384) return 32;
  return dim < 4096 ? 64 : 128;
}

function configOf(dim: number, layers: number, vocabSize: number, contextLength: number, tied: boolean): ModelConfig {
  const heads = dim / headWidth(dim);
  return {
    vocab_size: vocabSize,
    dim,
    layers,
    heads,
    // Four query heads a key head from 12 heads on, where they divide; else two.
    kv_heads: heads >= 12 && heads % 4 === 0 ? heads / 4 : heads / 2,
    hidden_dim: Math.ceil((dim * 8) / 3 / 16) * 16,
    context_length: contextLength,
    tied_embeddings: tied,
    rope_theta: 10_000,
    norm_eps: 1e-5,
  };
}

/** The layout's count in closed form: the search tries thousands of shapes. */
function quickCount(config: ModelConfig): number {
  const { dim, hidden_dim: hidden, layers, heads, kv_heads: keys } = config;
  const layer = 2 * dim * dim + (2 * dim * dim * keys) / heads + 3 * dim * hidden + 2 * dim;
  return config.vocab_size * dim * (config.tied_embeddings ? 1 : 2) + layers * layer + dim;
}

function contextForSize(parameters: number): number {
  if (parameters < 5_000_000) return 128;
  if (parameters < 30_000_000) return 256;
  if (parameters < 100_000_000) return 512;
  return parameters < 1_000_000_000 ? 1024 : 2048;
}
