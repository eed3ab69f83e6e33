import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeHuggingFace } from '../../src/cli/checkpoint/export.ts';
import { gpt2Bundle } from '../../src/data/tokenizers/bundle.ts';
import { createDecoder } from '../../src/model/decoder.ts';
import { initialiseWeights } from '../../src/model/initialise.ts';
import { parameterLayout } from '../../src/model/layout.ts';
import { referenceLogits } from '../../src/model/reference-model.ts';
import { createReferenceBackend } from '../../src/numerics/reference.ts';
import type { ModelConfig } from '../../src/params/genesis.ts';

const SHAPE: ModelConfig = {
  vocab_size: 300,
  dim: 32,
  layers: 2,
  heads: 4,
  kv_heads: 2,
  hidden_dim: 48,
  context_length: 24,
  tied_embeddings: true,
  rope_theta: 10_000,
  norm_eps: 1e-5,
};
const TOKENS = [5, 17, 290, 3, 3, 101, 42, 7, 250, 11, 0, 199];
/** The decoder multiplies bf16 values (docs/numerics.md): three digits of each factor. */
const BF16_TOLERANCE = 0.05;

/*
 * Llama as its paper and transformers' model card define it, over nothing but the folder's two files: its own reader, its own names, f64.
 */

type Row = number[];

async function readFolder(directory: string) {
  const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as Record<string, number | boolean>;
  const file = await readFile(join(directory, 'model.safetensors'));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + headerLength).toString('utf8')) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const matrix = (name: string): Row[] => {
    const { shape, data_offsets: offsets } = header[name] as { shape: number[]; data_offsets: [number, number] };
    const columns = shape.at(-1) as number;
    const values = Array.from({ length: (offsets[1] - offsets[0]) / 4 }, (_, i) => file.readFloatLE(8 + headerLength + offsets[0] + 4 * i));
    return Array.from({ length: values.length / columns }, (_, row) => values.slice(row * columns, (row + 1) * columns));
  };
  return { config, header, matrix };
}

function logitsOf({ config, header, matrix }: Awaited<ReturnType<typeof readFolder>>, tokens: readonly number[]): Row[] {
  const heads = config.num_attention_heads as number;
  const groups = heads / (config.num_key_value_heads as number);
  const width = (config.hidden_size as number) / heads;
  const times = (weights: Row[], x: Row): Row => weights.map((row) => row.reduce((sum, w, i) => sum + w * (x[i] as number), 0));
  const plus = (a: Row, b: Row): Row => a.map((x, i) => x + (b[i] as number));
  const norm = (x: Row, [weight]: Row[]): Row => {
    const scale = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length + (config.rms_norm_eps as number));
    return x.map((v, i) => (v / scale) * (weight?.[i] as number));
  };
  // rotate_half: the second half of a head, negated, beside the first.
  const rotate = (x: Row, position: number): Row =>
    x.map((value, at) => {
      const [head, i] = [Math.floor(at / width), at % width];
      const angle = position / (config.rope_theta as number) ** ((2 * (i % (width / 2))) / width);
      const other = i < width / 2 ? -(x[head * width + i + width / 2] as number) : (x[head * width + i - width / 2] as number);
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  const embedding = matrix('model.embed_tokens.weight');
  let stream = tokens.map((token) => embedding[token] as Row);
  for (let layer = 0; layer < (config.num_hidden_layers as number); layer++) {
    const weight = (name: string) => matrix(`model.layers.${layer}.${name}.weight`);
    const [wq, wk, wv, wo] = ['q', 'k', 'v', 'o'].map((name) => weight(`self_attn.${name}_proj`)) as [Row[], Row[], Row[], Row[]];
    const inputs = stream.map((x) => norm(x, weight('input_layernorm')));
    const queries = inputs.map((x, i) => rotate(times(wq, x), i));
    const keys = inputs.map((x, i) => rotate(times(wk, x), i));
    const values = inputs.map((x) => times(wv, x));
    stream = stream.map((x, i) => {
      const mixed = Array.from({ length: heads }, (_, head) => {
        const from = Math.floor(head / groups) * width;
        const query = (queries[i] as Row).slice(head * width, (head + 1) * width);
        const scores = keys
          .slice(0, i + 1)
          .map((key) => query.reduce((sum, q, d) => sum + q * (key[from + d] as number), 0) / Math.sqrt(width));
        const largest = Math.max(...scores);
        const shares = scores.map((score) => Math.exp(score - largest));
        const total = shares.reduce((a, b) => a + b, 0);
        return Array.from({ length: width }, (__, d) =>
          shares.reduce((sum, share, j) => sum + (share / total) * (values[j]?.[from + d] as number), 0),
        );
      }).flat();
      return plus(x, times(wo, mixed));
    });
    stream = stream.map((x) => {
      const y = norm(x, weight('post_attention_layernorm'));
      const [gate, up] = [times(weight('mlp.gate_proj'), y), times(weight('mlp.up_proj'), y)];
      return plus(
        x,
        times(
          weight('mlp.down_proj'),
          gate.map((g, i) => (g / (1 + Math.exp(-g))) * (up[i] as number)),
        ),
      );
    });
  }
  const head = 'lm_head.weight' in header ? matrix('lm_head.weight') : embedding;
  expect('lm_head.weight' in header).toBe(!config.tie_word_embeddings);
  return stream.map((x) => times(head, norm(x, matrix('model.norm.weight'))));
}

describe.each([
  ['tied', SHAPE],
  ['untied, one key head', { ...SHAPE, tied_embeddings: false, kv_heads: 1, rope_theta: 500_000, norm_eps: 1e-6 }],
] as const)('an exported Hugging Face folder, read by an independent implementation: %s', (_, config) => {
  it('has the logits of the definition, and near them the decoder’s', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pol-safetensors-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const weights = new Float32Array(parameterLayout(config).count);
    initialiseWeights(config, new Uint8Array(32).fill(9), weights);
    const sharp = weights.map((weight) => (weight === 1 ? weight : weight * 2));
    await writeHuggingFace(
      { name: 'x', config, weights: sharp, tokenizer: await gpt2Bundle(config.vocab_size), lineage: undefined },
      'f32',
      directory,
    );
    const theirs = logitsOf(await readFolder(directory), TOKENS);
    const ours = referenceLogits(config, Float64Array.from(sharp), TOKENS);
    const distance = (a: readonly number[], b: ArrayLike<number>) =>
      a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (b[i] as number))), 0);
    expect(Math.max(...theirs.map((row, i) => distance(row, ours[i] as number[])))).toBeLessThan(1e-4);

    const decoder = createDecoder({ model: config, weights: sharp }, { backend: createReferenceBackend() });
    const spread = Math.max(...theirs.flat()) - Math.min(...theirs.flat());
    for (const [i, token] of TOKENS.entries()) {
      const logits = decoder.append([token]);
      expect(distance(theirs[i] as Row, logits)).toBeLessThan(BF16_TOLERANCE * spread);
    }
    decoder.release();
  });
});
