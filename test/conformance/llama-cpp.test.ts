import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeGguf } from '../../src/cli/checkpoint/export.ts';
import { createGpt2Tokenizer } from '../../src/data/tokenizer.ts';
import { gpt2Bundle } from '../../src/data/tokenizers/bundle.ts';
import type { Tokenizer } from '../../src/data/types.ts';
import { createInferenceEngine } from '../../src/inference/engine.ts';
import { PLAIN } from '../../src/inference/testing/jobs.ts';
import { createBatchDecoder } from '../../src/model/batch-decoder.ts';
import { initialiseWeights } from '../../src/model/initialise.ts';
import { parameterLayout } from '../../src/model/layout.ts';
import { referenceLogits } from '../../src/model/reference-model.ts';
import { selectBackend } from '../../src/numerics/backends.ts';
import type { ModelConfig } from '../../src/params/genesis.ts';
import { hasTool, importTool } from '../tools/tools.ts';

/** What is used of node-llama-cpp. */
interface LlamaModule {
  getLlama(options: object): Promise<Llama>;
  readonly LlamaLogLevel: { readonly error: unknown };
}
interface Llama {
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
  dispose(): Promise<void>;
}
interface LlamaModel {
  tokenize(text: string): readonly number[];
  detokenize(tokens: readonly number[]): string;
  createContext(options: object): Promise<{ getSequence(): LlamaSequence; dispose(): Promise<void> }>;
  dispose(): Promise<void>;
}
interface LlamaSequence {
  evaluateWithMetadata(
    tokens: readonly number[],
    metadata: { readonly probabilities: true },
    options: { readonly temperature: number; readonly yieldEogToken: boolean },
  ): AsyncGenerator<{ readonly token: number; readonly probabilities: ReadonlyMap<number, number> }>;
  clearHistory(): Promise<void>;
}

const SHAPE: ModelConfig = {
  vocab_size: 600,
  dim: 64,
  layers: 2,
  heads: 4,
  kv_heads: 2,
  hidden_dim: 96,
  context_length: 48,
  tied_embeddings: true,
  rope_theta: 10_000,
  norm_eps: 1e-5,
};
const PROMPTS = [
  'The',
  ' of the',
  'In the beginning',
  'We, the people,',
  '1969',
  'Hello, world!',
  'a b c d e',
  'naïve café',
  '東京',
  'It’s',
  'I am',
  'they have',
  'and',
  'Once upon a time',
  'x = y + 1;',
  '\n\n',
  'UPPER lower',
  '  two spaces',
  "don't",
  'over and over and over',
] as const;
const NEW_TOKENS = 16;
/** Keys and values are kept as f16 by default. */
const F32_CONTEXT = {
  contextSize: 64,
  sequences: 1,
  threads: 1,
  flashAttention: false,
  experimentalKvCacheKeyType: 'F32',
  experimentalKvCacheValueType: 'F32',
};

describe.skipIf(!hasTool('node-llama-cpp'))('an exported GGUF in llama.cpp', () => {
  let directory = '';
  let llama: Llama;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pol-gguf-'));
    const { getLlama, LlamaLogLevel } = await importTool<LlamaModule>('node-llama-cpp');
    llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error });
  });
  afterAll(async () => {
    await llama?.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  it.each([
    ['tied', SHAPE],
    ['untied, one key head', { ...SHAPE, tied_embeddings: false, kv_heads: 1, rope_theta: 50_000 }],
  ] as const)(
    'greedy continuations and log-probabilities equal ours in f32, and the definition’s in f64: %s',
    async (_, config) => {
      const weights = sharpWeights(config);
      const path = join(directory, 'model.gguf');
      await writeGguf(
        { name: 'test', config, weights, tokenizer: await gpt2Bundle(config.vocab_size), lineage: { kind: 'test' } },
        'f32',
        path,
      );
      const tokenizer = await createGpt2Tokenizer({ vocabSize: config.vocab_size });
      const model = await llama.loadModel({ modelPath: path });
      const context = await model.createContext(F32_CONTEXT);
      const sequence = context.getSequence();
      const parameters = Float64Array.from(weights);
      const ours = await unroundedEngine(config, weights, join(directory, 'weights.f32'), tokenizer);
      const worst = { f32: 0, f64: 0 };
      for (const prompt of PROMPTS) {
        const tokens = tokenizer.encode(prompt);
        expect(model.tokenize(prompt)).toEqual(tokens);
        const text = [...tokens];
        await sequence.clearHistory();
        const options = { temperature: 0, yieldEogToken: true };
        const answers: ReadonlyMap<number, number>[] = [];
        for await (const { token, probabilities } of sequence.evaluateWithMetadata(tokens, { probabilities: true }, options)) {
          answers.push(probabilities);
          text.push(token);
          if (answers.length === NEW_TOKENS) break;
        }
        const made = text.slice(tokens.length);
        expect(await ours.continuation(tokens, NEW_TOKENS), prompt).toEqual(made);
        const logits = referenceLogits(config, parameters, text).slice(tokens.length - 1);
        const own = ours.logits(text).slice(tokens.length - 1);
        answers.forEach((probabilities, i) => {
          const row = logits[i] as number[];
          expect(made[i]).toBe(row.indexOf(Math.max(...row)));
          worst.f64 = Math.max(worst.f64, largestDifference(row, probabilities));
          worst.f32 = Math.max(worst.f32, largestDifference(own[i] as number[], probabilities));
        });
      }
      expect(worst.f64).toBeLessThan(1e-3);
      expect(worst.f32).toBeLessThan(1e-3);
      await context.dispose();
      await model.dispose();
    },
    120_000,
  );
});

/** Our engine and decoder with operands of f32, on the backend that `auto` takes. */
async function unroundedEngine(config: ModelConfig, weights: Float32Array, path: string, tokenizer: Tokenizer) {
  const backend = await selectBackend({ wanted: 'auto', threads: 1, operands: 'f32' });
  await writeFile(path, new Uint8Array(weights.buffer));
  const engine = createInferenceEngine({ model: config }, { backend, tokenizer });
  const decoder = createBatchDecoder({ model: config, weights, slots: 1 }, { backend });
  return {
    async continuation(prompt: readonly number[], maxTokens: number) {
      const job = { ...PLAIN, temperature: 0, seed: 1, id: 1, weightsPath: path, modelId: path, prompt, maxTokens };
      return (await engine.generate(job, () => {})).tokens;
    },
    /** After each token of a text. */
    logits(text: readonly number[]) {
      decoder.truncate(0, 0);
      const rows: number[][] = [];
      for (const token of text) rows.push([...(decoder.step([{ slot: 0, tokens: [token], want: 'last' }])[0] as Float32Array)]);
      return rows;
    },
  };
}

/** Initial weights are all but uniform in what they predict: several times as large, they have favourites. */
function sharpWeights(config: ModelConfig): Float32Array {
  const weights = new Float32Array(parameterLayout(config).count);
  initialiseWeights(config, new Uint8Array(32).fill(7), weights);
  return weights.map((weight) => (weight === 1 ? weight : weight * 4));
}

/** Of log-probabilities, over all tokens that have one. */
function largestDifference(logits: readonly number[], probabilities: ReadonlyMap<number, number>): number {
  const largest = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)) + largest;
  let worst = 0;
  expect(probabilities.size).toBe(logits.length);
  for (const [token, probability] of probabilities) {
    worst = Math.max(worst, Math.abs(Math.log(probability) - ((logits[token] as number) - total)));
  }
  return worst;
}
