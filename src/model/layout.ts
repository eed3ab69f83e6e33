import type { Ptr } from '../numerics/backend.ts';
import type { ModelConfig } from '../params/genesis.ts';
import type { ParameterLayout, TensorSpec } from './types.ts';

/**
 * Order, names, shapes and offsets of all parameters. Names and shapes are Hugging Face's for Llama (matrices are [out, in]).
 * The vector is dense: widths are multiples of 16, so every tensor starts at a multiple of 16 words without padding.
 *
 * @example
 * parameterLayout(genesis.model).tensors[0]; // { name: 'model.embed_tokens.weight', shape: [4096, 128], offset: 0, … }
 */
export function parameterLayout(config: ModelConfig): ParameterLayout {
  const tensors: TensorSpec[] = [];
  let offset = 0;
  const add = (name: string, ...shape: number[]): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.push({ name, shape, offset, length, decays: shape.length > 1 });
    offset += length;
  };
  const { dim, hidden_dim: hidden, vocab_size: vocab } = config;
  const keyDim = keyValueDim(config);

  add('model.embed_tokens.weight', vocab, dim);
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    add(`${prefix}.input_layernorm.weight`, dim);
    add(`${prefix}.self_attn.q_proj.weight`, dim, dim);
    add(`${prefix}.self_attn.k_proj.weight`, keyDim, dim);
    add(`${prefix}.self_attn.v_proj.weight`, keyDim, dim);
    add(`${prefix}.self_attn.o_proj.weight`, dim, dim);
    add(`${prefix}.post_attention_layernorm.weight`, dim);
    add(`${prefix}.mlp.gate_proj.weight`, hidden, dim);
    add(`${prefix}.mlp.up_proj.weight`, hidden, dim);
    add(`${prefix}.mlp.down_proj.weight`, dim, hidden);
  }
  add('model.norm.weight', dim);
  if (!config.tied_embeddings) add('lm_head.weight', vocab, dim);
  return { tensors, count: offset };
}

/** Width of one attention head. */
export function headDim(config: ModelConfig): number {
  return config.dim / config.heads;
}

/** Width of all key (or value) heads together. */
export function keyValueDim(config: ModelConfig): number {
  return config.kv_heads * headDim(config);
}

/** Where the parameters of one block, or their gradients, lie in an arena. */
export interface LayerPointers {
  readonly inputNorm: Ptr;
  readonly q: Ptr;
  readonly k: Ptr;
  readonly v: Ptr;
  readonly o: Ptr;
  readonly postNorm: Ptr;
  readonly gate: Ptr;
  readonly up: Ptr;
  readonly down: Ptr;
}

export interface ParameterPointers {
  readonly embedding: Ptr;
  readonly layers: readonly LayerPointers[];
  readonly norm: Ptr;
  /** The embedding's own address when the head is tied. */
  readonly head: Ptr;
}

/** Addresses of a flat parameter vector (weights or gradients) that starts at `base`. */
export function locateParameters(config: ModelConfig, layout: ParameterLayout, base: Ptr): ParameterPointers {
  const offsets = new Map(layout.tensors.map((tensor) => [tensor.name, base + tensor.offset]));
  const at = (name: string): Ptr => {
    const found = offsets.get(name);
    if (found === undefined) throw new TypeError(`the layout has no tensor ${name}`);
    return found;
  };
  const layers = Array.from({ length: config.layers }, (_, layer): LayerPointers => {
    const prefix = `model.layers.${layer}`;
    return {
      inputNorm: at(`${prefix}.input_layernorm.weight`),
      q: at(`${prefix}.self_attn.q_proj.weight`),
      k: at(`${prefix}.self_attn.k_proj.weight`),
      v: at(`${prefix}.self_attn.v_proj.weight`),
      o: at(`${prefix}.self_attn.o_proj.weight`),
      postNorm: at(`${prefix}.post_attention_layernorm.weight`),
      gate: at(`${prefix}.mlp.gate_proj.weight`),
      up: at(`${prefix}.mlp.up_proj.weight`),
      down: at(`${prefix}.mlp.down_proj.weight`),
    };
  });
  const embedding = at('model.embed_tokens.weight');
  return {
    embedding,
    layers,
    norm: at('model.norm.weight'),
    head: config.tied_embeddings ? embedding : at('lm_head.weight'),
  };
}
