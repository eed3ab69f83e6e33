import type { ModelConfig } from '../../params/genesis.ts';
import { headDim, parameterLayout } from '../layout.ts';
import type { Lineage } from './checkpoint.ts';
import type { TensorType } from './encoding.ts';
import { formatError } from './errors.ts';
import { modelConfigFrom } from './llama-config.ts';
import { safetensorsPieces, type TensorToWrite } from './safetensors.ts';

/** Ids that the tokenizer gives a meaning; absent where its vocabulary has none. */
export interface SpecialIds {
  readonly bos?: number | undefined;
  readonly eos?: number | undefined;
}

/** Position in which transformers expects what it would otherwise fill with defaults of its own: 1 and 2 for the special ids. */
export function huggingFaceConfig(config: ModelConfig, type: Exclude<TensorType, 'q8_0'>, special: SpecialIds): object {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: config.vocab_size,
    hidden_size: config.dim,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kv_heads,
    head_dim: headDim(config),
    intermediate_size: config.hidden_dim,
    max_position_embeddings: config.context_length,
    tie_word_embeddings: config.tied_embeddings,
    rms_norm_eps: config.norm_eps,
    // Readers before transformers 5 take the first, later ones the second.
    rope_theta: config.rope_theta,
    rope_parameters: { rope_type: 'default', rope_theta: config.rope_theta },
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    initializer_range: 0.02,
    pretraining_tp: 1,
    use_cache: true,
    torch_dtype: { f32: 'float32', f16: 'float16', bf16: 'bfloat16' }[type],
    bos_token_id: special.bos ?? null,
    eos_token_id: special.eos ?? null,
    pad_token_id: null,
  };
}

export function generationConfig(special: SpecialIds): object {
  return { _from_model_config: true, bos_token_id: special.bos ?? null, eos_token_id: special.eos ?? null, pad_token_id: null };
}

/** The bytes of model.safetensors, piece by piece. A tied head is not stored a second time. */
export function huggingFaceWeights(
  config: ModelConfig,
  weights: Float32Array,
  type: Exclude<TensorType, 'q8_0'>,
  lineage: Lineage | undefined,
): Generator<Uint8Array> {
  const metadata = { format: 'pt', ...(lineage === undefined ? {} : { 'pol.lineage': JSON.stringify(lineage) }) };
  return safetensorsPieces(tensorsOf(config, weights), type, metadata);
}

/** The tensors of a flat parameter vector under Hugging Face's names, as views. */
export function tensorsOf(config: ModelConfig, weights: Float32Array): readonly TensorToWrite[] {
  return parameterLayout(config).tensors.map(({ name, shape, offset, length }) => {
    return { name, shape, values: weights.subarray(offset, offset + length) };
  });
}

/** Fields of config.json that change what a model computes, and the only value (or absence) this program's model has. */
const FIXED: readonly (readonly [field: string, value: unknown])[] = [
  ['model_type', 'llama'],
  ['hidden_act', 'silu'],
  ['attention_bias', false],
  ['mlp_bias', false],
  ['partial_rotary_factor', 1],
  ['sliding_window', null],
  ['quantization_config', null],
  ['num_experts', null],
  ['num_local_experts', null],
];

/**
 * The shape that a config.json describes.
 * @throws FORMAT_UNSUPPORTED naming the field that makes it another kind of model
 */
export function parseHuggingFaceConfig(document: unknown, file: string): ModelConfig {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw formatError('FORMAT_INVALID', `${file}: not a JSON object`);
  }
  const fields = document as Readonly<Record<string, unknown>>;
  const { architectures } = fields;
  if (Array.isArray(architectures) && !architectures.includes('LlamaForCausalLM')) {
    throw formatError('FORMAT_UNSUPPORTED', `${file}: architectures: ${architectures.join(', ')} is not LlamaForCausalLM`);
  }
  for (const [field, value] of FIXED) {
    const found = fields[field] ?? undefined;
    if (found !== undefined && found !== value) {
      throw formatError(
        'FORMAT_UNSUPPORTED',
        `${file}: ${field}: ${JSON.stringify(found)}, and this program’s model has ${JSON.stringify(value)}`,
      );
    }
  }
  const { hidden_size: dim, num_attention_heads: heads } = fields;
  const width = fields.head_dim ?? undefined;
  if (width !== undefined && width !== Number(dim) / Number(heads)) {
    throw formatError('FORMAT_UNSUPPORTED', `${file}: head_dim: ${String(width)} is not hidden_size / num_attention_heads`);
  }
  return modelConfigFrom(
    {
      vocab_size: fields.vocab_size,
      dim,
      layers: fields.num_hidden_layers,
      heads,
      kv_heads: fields.num_key_value_heads ?? heads,
      hidden_dim: fields.intermediate_size,
      context_length: fields.max_position_embeddings ?? 2048,
      tied_embeddings: fields.tie_word_embeddings ?? false,
      rope_theta: ropeTheta(fields, file),
      norm_eps: fields.rms_norm_eps ?? 1e-6,
    },
    file,
  );
}

function ropeTheta(fields: Readonly<Record<string, unknown>>, file: string): unknown {
  const parameters = asObject(fields.rope_parameters);
  const scaling = asObject(fields.rope_scaling) ?? parameters;
  const kind = scaling?.rope_type ?? scaling?.type ?? 'default';
  if (kind !== 'default') {
    throw formatError(
      'FORMAT_UNSUPPORTED',
      `${file}: rope_scaling: rotary embeddings are scaled (${JSON.stringify(kind)}), and this program’s model does not scale them`,
    );
  }
  return fields.rope_theta ?? parameters?.rope_theta ?? 10_000;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}
