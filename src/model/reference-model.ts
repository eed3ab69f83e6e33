import type { ModelConfig } from '../params/genesis.ts';
import { headDim, parameterLayout } from './layout.ts';

/**
 * The model written down a second time, for tests: plain f64 loops straight from the papers, sharing nothing with the kernels,
 * the block or the planner but names and offsets of parameters.
 * @param tokens rows of context_length + 1
 * @returns mean cross-entropy over all targets, nats
 */
export function referenceLoss(config: ModelConfig, parameters: Float64Array, tokens: Int32Array): number {
  const context = config.context_length;
  let sum = 0;
  for (let at = 0; at < tokens.length; at += context + 1) {
    const logits = referenceLogits(config, parameters, [...tokens.subarray(at, at + context)]);
    logits.forEach((row, i) => {
      const largest = Math.max(...row);
      const total = row.reduce((z, logit) => z + Math.exp(logit - largest), 0);
      sum += Math.log(total) + largest - (row[tokens[at + 1 + i] as number] as number);
    });
  }
  return sum / ((tokens.length / (context + 1)) * context);
}

type Rows = number[][];

/** Logits of each position of one sequence. */
export function referenceLogits(config: ModelConfig, parameters: Float64Array, sequence: readonly number[]): Rows {
  const tensors = new Map(parameterLayout(config).tensors.map((t) => [t.name, t]));
  const tensor = (name: string): Float64Array => {
    const spec = tensors.get(name);
    if (spec === undefined) throw new TypeError(name);
    return parameters.subarray(spec.offset, spec.offset + spec.length);
  };
  const linear = (rows: Rows, name: string): Rows => {
    const weight = tensor(name);
    return rows.map((row) => {
      const out = new Array<number>(weight.length / row.length).fill(0);
      return out.map((_, o) => row.reduce((sum, x, i) => sum + x * (weight[o * row.length + i] as number), 0));
    });
  };
  const norm = (rows: Rows, name: string): Rows => {
    const weight = tensor(name);
    return rows.map((row) => {
      const scale = 1 / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / row.length + config.norm_eps);
      return row.map((x, i) => x * scale * (weight[i] as number));
    });
  };
  const add = (a: Rows, b: Rows): Rows => a.map((row, r) => row.map((x, i) => x + ((b[r] as number[])[i] as number)));

  const embedding = tensor('model.embed_tokens.weight');
  let stream: Rows = sequence.map((token) => [...embedding.subarray(token * config.dim, (token + 1) * config.dim)]);
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const x = norm(stream, `${prefix}.input_layernorm.weight`);
    const q = rotate(config, linear(x, `${prefix}.self_attn.q_proj.weight`));
    const k = rotate(config, linear(x, `${prefix}.self_attn.k_proj.weight`));
    const v = linear(x, `${prefix}.self_attn.v_proj.weight`);
    stream = add(stream, linear(attend(config, q, k, v), `${prefix}.self_attn.o_proj.weight`));
    const y = norm(stream, `${prefix}.post_attention_layernorm.weight`);
    const gate = linear(y, `${prefix}.mlp.gate_proj.weight`);
    const up = linear(y, `${prefix}.mlp.up_proj.weight`);
    const hidden = gate.map((row, r) => row.map((g, i) => (g / (1 + Math.exp(-g))) * ((up[r] as number[])[i] as number)));
    stream = add(stream, linear(hidden, `${prefix}.mlp.down_proj.weight`));
  }
  return linear(norm(stream, 'model.norm.weight'), config.tied_embeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
}

function rotate(config: ModelConfig, rows: Rows): Rows {
  const width = headDim(config);
  return rows.map((row, position) => {
    const out = [...row];
    for (let head = 0; head < row.length; head += width) {
      for (let i = 0; i < width / 2; i++) {
        const angle = position * config.rope_theta ** ((-2 * i) / width);
        const [a, b] = [row[head + i] as number, row[head + i + width / 2] as number];
        out[head + i] = a * Math.cos(angle) - b * Math.sin(angle);
        out[head + i + width / 2] = b * Math.cos(angle) + a * Math.sin(angle);
      }
    }
    return out;
  });
}

function attend(config: ModelConfig, q: Rows, k: Rows, v: Rows): Rows {
  const width = headDim(config);
  const group = config.heads / config.kv_heads;
  return q.map((query, position) => {
    const out: number[] = [];
    for (let head = 0; head < config.heads; head++) {
      const keyAt = Math.floor(head / group) * width;
      const scores = k.slice(0, position + 1).map((key) => {
        let dot = 0;
        for (let d = 0; d < width; d++) dot += (query[head * width + d] as number) * (key[keyAt + d] as number);
        return Math.exp(dot / Math.sqrt(width));
      });
      const total = scores.reduce((a, b) => a + b, 0);
      for (let d = 0; d < width; d++) {
        out.push(scores.reduce((sum, score, j) => sum + (score / total) * ((v[j] as number[])[keyAt + d] as number), 0));
      }
    }
    return out;
  });
}
