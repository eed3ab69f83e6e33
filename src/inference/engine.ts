import { readFile } from 'node:fs/promises';
import type { Tokenizer } from '../data/types.ts';
import { createDecoder } from '../model/decoder.ts';
import type { Decoder } from '../model/types.ts';
import type { Backend } from '../numerics/backend.ts';
import type { ModelConfig } from '../params/genesis.ts';
import { inferenceError } from './errors.ts';
import { type SamplingOptions, sample } from './sampler.ts';
import { createTextStream } from './text-stream.ts';

export interface GenerationJob extends SamplingOptions {
  /** Names the job for `cancel`. */
  readonly id: number;
  /** File of little-endian f32 weights, and a name that changes with them. */
  readonly weightsPath: string;
  readonly modelId: string;
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly stop: readonly string[];
}

export interface GenerationEnd {
  readonly reason: 'stop' | 'length';
  readonly completionTokens: number;
}

/** Text from a model: one job at a time, over one key-value cache. Runs in its own thread. */
export interface InferenceEngine {
  encode(text: string): Promise<readonly number[]>;
  /** @throws INFERENCE_CANCELLED, INFERENCE_PROMPT_LENGTH */
  generate(job: GenerationJob, onText: (text: string, tokens: number) => void): Promise<GenerationEnd>;
  cancel(id: number): Promise<void>;
}

export function createInferenceEngine(
  options: { readonly model: ModelConfig },
  dependencies: { readonly backend: Backend; readonly tokenizer: Tokenizer },
): InferenceEngine {
  const { model } = options;
  const { backend, tokenizer } = dependencies;
  const cancelled = new Set<number>();
  let loaded: { readonly id: string; readonly decoder: Decoder } | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  async function decoderFor(job: GenerationJob): Promise<Decoder> {
    if (loaded?.id === job.modelId) return loaded.decoder;
    const bytes = await readFile(job.weightsPath);
    const weights = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    loaded?.decoder.release();
    loaded = { id: job.modelId, decoder: createDecoder({ model, weights }, { backend }) };
    return loaded.decoder;
  }

  async function run(job: GenerationJob, onText: (text: string, tokens: number) => void): Promise<GenerationEnd> {
    if (job.prompt.length === 0 || job.prompt.length >= model.context_length) {
      throw inferenceError(
        'INFERENCE_PROMPT_LENGTH',
        `prompt: ${job.prompt.length} tokens; it must have 1 to ${model.context_length - 1} for a context of ${model.context_length}`,
      );
    }
    const decoder = await decoderFor(job);
    decoder.reset();
    const stream = createTextStream(job.stop);
    const most = Math.min(job.maxTokens, model.context_length - job.prompt.length);
    let input: readonly number[] = job.prompt;
    for (let made = 0; made < most; made++) {
      // Lets a cancellation in, and other calls to this thread.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (cancelled.delete(job.id)) throw inferenceError('INFERENCE_CANCELLED', 'the client went away');
      const token = sample(decoder.append(input), job, made);
      input = [token];
      const { text, stopped } = stream.push(tokenizer.bytes(token));
      if (text !== '') onText(text, made + 1);
      if (stopped) return { reason: 'stop', completionTokens: made + 1 };
    }
    const rest = stream.end();
    if (rest !== '') onText(rest, most);
    return { reason: 'length', completionTokens: most };
  }

  return {
    encode: async (text) => tokenizer.encode(text),
    generate(job, onText) {
      const result = tail.then(() => run(job, onText));
      tail = result.catch(() => {}).then(() => cancelled.delete(job.id));
      return result;
    },
    async cancel(id) {
      cancelled.add(id);
    },
  };
}
