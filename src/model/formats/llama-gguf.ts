import type { ModelConfig } from '../../params/genesis.ts';
import { headDim, parameterLayout } from '../layout.ts';
import type { TensorSpec } from '../types.ts';
import type { Lineage } from './checkpoint.ts';
import type { TensorType } from './encoding.ts';
import { formatError } from './errors.ts';
import { GGUF_FILE_TYPES, type GgufValue } from './gguf-types.ts';
import { type GgufEntry, type GgufTensorToWrite, ggufPieces, ggufTensorType } from './gguf-write.ts';
import { modelConfigFrom } from './llama-config.ts';

/** What a GGUF file says about its tokenizer, as entries in order; data/gguf-vocabulary.ts makes them. */
export type GgufTokenizerEntries = readonly (readonly [key: string, entry: GgufEntry])[];

export interface GgufExport {
  readonly name: string;
  readonly config: ModelConfig;
  /** [parameterLayout(config).count] */
  readonly weights: Float32Array;
  readonly type: TensorType;
  readonly tokenizer: GgufTokenizerEntries;
  readonly lineage?: Lineage | undefined;
}

const LAYER_NAMES: Readonly<Record<string, string>> = {
  'input_layernorm.weight': 'attn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
  'self_attn.o_proj.weight': 'attn_output.weight',
  'post_attention_layernorm.weight': 'ffn_norm.weight',
  'mlp.gate_proj.weight': 'ffn_gate.weight',
  'mlp.up_proj.weight': 'ffn_up.weight',
  'mlp.down_proj.weight': 'ffn_down.weight',
};
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

/** A parameter's name in GGUF files of the architecture `llama`. */
export function ggufName(name: string): string {
  const [, layer, part = ''] = /^model\.layers\.(\d+)\.(.+)$/.exec(name) ?? [];
  const found = layer === undefined ? OTHER_NAMES[name] : `blk.${layer}.${LAYER_NAMES[part]}`;
  if (found === undefined) throw new TypeError(`no GGUF name for ${name}`);
  return found;
}

/**
 * Heads whose rows GGUF orders otherwise; undefined for other tensors. llama.cpp rotates neighbouring rows of a head, we (and Hugging Face)
 * row i with row i + width/2.
 */
export function rotatedHeads(config: ModelConfig, { name }: Pick<TensorSpec, 'name'>): number | undefined {
  if (name.endsWith('.q_proj.weight')) return config.heads;
  return name.endsWith('.k_proj.weight') ? config.kv_heads : undefined;
}

/** Row 2i + j of a head in a GGUF file is its row j·width/2 + i here, for j in {0, 1}. @param values rows of all heads */
export function toNeighbours(values: Float32Array, heads: number, width: number): Float32Array {
  return reorderRows(values, heads, width, (row) => (row % 2) * (width / 2) + Math.floor(row / 2));
}

/** The inverse of `toNeighbours`. */
export function fromNeighbours(values: Float32Array, heads: number, width: number): Float32Array {
  return reorderRows(values, heads, width, (row) => (row % (width / 2)) * 2 + Math.floor(row / (width / 2)));
}

function reorderRows(values: Float32Array, heads: number, width: number, source: (row: number) => number): Float32Array {
  const out = new Float32Array(values.length);
  const columns = values.length / (heads * width);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < width; row++) {
      const from = (head * width + source(row)) * columns;
      out.set(values.subarray(from, from + columns), (head * width + row) * columns);
    }
  }
  return out;
}

/** The bytes of a GGUF file of the architecture `llama`, piece by piece; a piece is valid until the next is asked for. */
export function ggufModel(options: GgufExport): Generator<Uint8Array> {
  const { config, weights, type } = options;
  const tensors = parameterLayout(config).tensors.map((tensor): GgufTensorToWrite => {
    const values = weights.subarray(tensor.offset, tensor.offset + tensor.length);
    const heads = rotatedHeads(config, tensor);
    return {
      name: ggufName(tensor.name),
      shape: tensor.shape,
      type: ggufTensorType(type, tensor.shape),
      values: heads === undefined ? values : toNeighbours(values, heads, headDim(config)),
    };
  });
  return ggufPieces([...modelEntries(options), ...options.tokenizer, ...lineageEntries(options.lineage)], tensors);
}

function modelEntries({ name, config, type }: GgufExport): GgufTokenizerEntries {
  return [
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: name }],
    ['general.file_type', { type: 'uint32', value: GGUF_FILE_TYPES[type] }],
    ...(type === 'q8_0' ? ([['general.quantization_version', { type: 'uint32', value: 2 }]] as const) : []),
    ['llama.vocab_size', { type: 'uint32', value: config.vocab_size }],
    ['llama.context_length', { type: 'uint32', value: config.context_length }],
    ['llama.embedding_length', { type: 'uint32', value: config.dim }],
    ['llama.block_count', { type: 'uint32', value: config.layers }],
    ['llama.feed_forward_length', { type: 'uint32', value: config.hidden_dim }],
    ['llama.rope.dimension_count', { type: 'uint32', value: headDim(config) }],
    ['llama.rope.freq_base', { type: 'float32', value: config.rope_theta }],
    ['llama.attention.head_count', { type: 'uint32', value: config.heads }],
    ['llama.attention.head_count_kv', { type: 'uint32', value: config.kv_heads }],
    ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: config.norm_eps }],
  ];
}

/** Where a GGUF file carries its lineage, as JSON. */
export const LINEAGE_KEY = 'pol.lineage';

/** The whole document, and its plain fields under keys of their own for readers that show metadata. */
function lineageEntries(lineage: Lineage | undefined): GgufTokenizerEntries {
  if (lineage === undefined) return [];
  const plain = Object.entries(lineage).flatMap(([key, value]): GgufTokenizerEntries => {
    if (!/^[a-z0-9_]+$/.test(key) || !(typeof value === 'string' || typeof value === 'number')) return [];
    return [[`pol.${key}`, { type: 'string', value: String(value) }]];
  });
  return [...plain.filter(([key]) => key !== LINEAGE_KEY), [LINEAGE_KEY, { type: 'string', value: JSON.stringify(lineage) }]];
}

/** Keys that would make the model compute something else than ours does. */
const FOREIGN_KEYS =
  /^llama\.(?:rope\.scaling\.|expert_|attention\.sliding_window|attention\.key_length_mla|logit_scale|embedding_scale|residual_scale)/;

/**
 * The shape that a GGUF file's metadata describes.
 * @param has whether the file has a tensor of this name
 * @throws FORMAT_UNSUPPORTED naming the key that makes it another kind of model; FORMAT_INVALID for one that is missing
 */
export function parseGgufConfig(
  metadata: ReadonlyMap<string, GgufValue>,
  facts: { readonly file: string; readonly has: (tensor: string) => boolean; readonly vocabulary: number | undefined },
): ModelConfig {
  const { file, has } = facts;
  const architecture = metadata.get('general.architecture');
  if (architecture !== 'llama') {
    throw formatError('FORMAT_UNSUPPORTED', `${file}: general.architecture: ${JSON.stringify(architecture)} is not "llama"`);
  }
  for (const [key, value] of metadata) {
    if (!FOREIGN_KEYS.test(key) || value === 0 || value === 'none') continue;
    throw formatError('FORMAT_UNSUPPORTED', `${file}: ${key}: ${String(value)}, and this program’s model has no such thing`);
  }
  const number = (key: string): number | undefined => {
    const value = metadata.get(`llama.${key}`);
    return typeof value === 'number' ? value : undefined;
  };
  const [dim, heads] = [number('embedding_length'), number('attention.head_count')];
  const width = number('rope.dimension_count') ?? number('attention.key_length');
  if (width !== undefined && width !== Number(dim) / Number(heads)) {
    throw formatError('FORMAT_UNSUPPORTED', `${file}: llama.rope.dimension_count: ${width} is not embedding_length / head_count`);
  }
  if (has('rope_freqs.weight')) {
    throw formatError(
      'FORMAT_UNSUPPORTED',
      `${file}: rope_freqs.weight: rotary embeddings are scaled, and this program’s model does not scale them`,
    );
  }
  return modelConfigFrom(
    {
      vocab_size: facts.vocabulary ?? number('vocab_size'),
      dim,
      layers: number('block_count'),
      heads,
      kv_heads: number('attention.head_count_kv') ?? heads,
      hidden_dim: number('feed_forward_length'),
      context_length: number('context_length'),
      tied_embeddings: !has(ggufName('lm_head.weight')),
      rope_theta: shortestDecimal(number('rope.freq_base') ?? 10_000),
      norm_eps: shortestDecimal(number('attention.layer_norm_rms_epsilon') ?? 1e-5),
    },
    file,
  );
}

/** The shortest decimal that rounds to this f32: 1e-5 is stored as 0.000009999999747, and comes back as 1e-5. */
export function shortestDecimal(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === Math.fround(value)) return decimal;
  }
  return value;
}
