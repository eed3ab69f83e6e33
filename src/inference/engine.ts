import { readFile } from 'node:fs/promises';
import type { Tokenizer } from '../data/types.ts';
import { createDecoder } from '../model/decoder.ts';
import type { Decoder } from '../model/types.ts';
import type { Backend } from '../numerics/backend.ts';
import type { ModelConfig } from '../params/genesis.ts';
import { hasSystemCode } from '../store/errors.ts';
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
  /** @throws INFERENCE_CANCELLED, INFERENCE_PROMPT_LENGTH, INFERENCE_WEIGHTS_GONE, INFERENCE_WEIGHTS_WRONG */
  generate(job: GenerationJob, onText: (text: string, tokens: number) => void): Promise<GenerationEnd>;
  cancel(id: number): Promise<void>;
}

export function createInferenceEngine(
  options: { readonly model: ModelConfig },
  dependencies: { readonly backend: Backend; readonly tokenizer: Tokenizer },
): InferenceEngine {
  const { model } = options;
  const { backend, tokenizer } = dependencies;
  /** Jobs given and not ended; a cancellation that comes later finds nothing to cancel. */
  const live = new Map<number, { cancelled: boolean }>();
  let loaded: { readonly id: string; readonly decoder: Decoder } | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  async function decoderFor(job: GenerationJob): Promise<Decoder> {
    if (loaded?.id === job.modelId) return loaded.decoder;
    const bytes = await readWeights(job.weightsPath);
    // Released first: two models at once may not fit the memory.
    loaded?.decoder.release();
    loaded = undefined;
    const decoder = createDecoder({ model, weights: (destination) => copyWeights(bytes, destination) }, { backend });
    loaded = { id: job.modelId, decoder };
    return decoder;
  }

  function stopIfCancelled(id: number): void {
    if (live.get(id)?.cancelled) throw inferenceError('INFERENCE_CANCELLED', 'the client went away');
  }

  async function run(job: GenerationJob, onText: (text: string, tokens: number) => void): Promise<GenerationEnd> {
    stopIfCancelled(job.id);
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
      stopIfCancelled(job.id);
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
      live.set(job.id, { cancelled: false });
      const result = tail.then(() => run(job, onText)).finally(() => live.delete(job.id));
      tail = result.catch(() => {});
      return result;
    },
    async cancel(id) {
      const job = live.get(id);
      if (job !== undefined) job.cancelled = true;
    },
  };
}

async function readWeights(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (!hasSystemCode(cause, 'ENOENT')) throw cause;
    throw inferenceError('INFERENCE_WEIGHTS_GONE', 'the model was replaced by a newer one: ask again', { cause });
  }
}

/** Little-endian f32, as every machine that this runs on has them. */
function copyWeights(bytes: Uint8Array, destination: Float32Array): void {
  if (bytes.length !== destination.byteLength) {
    throw inferenceError('INFERENCE_WEIGHTS_WRONG', `the weights have ${bytes.length} bytes, the model ${destination.byteLength}`);
  }
  new Uint8Array(destination.buffer, destination.byteOffset, destination.byteLength).set(bytes);
}
