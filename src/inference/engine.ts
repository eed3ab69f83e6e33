import { readFile } from 'node:fs/promises';
import type { Grammar } from '../chain/view.ts';
import type { Tokenizer } from '../data/types.ts';
import { createBatchDecoder, slotMemoryBytes } from '../model/batch-decoder.ts';
import type { BatchDecoder } from '../model/types.ts';
import type { Backend } from '../numerics/backend.ts';
import type { ModelConfig } from '../params/genesis.ts';
import { hasSystemCode } from '../store/errors.ts';
import { type RunningTask, runPass } from './batcher.ts';
import { createEmbedding } from './embedding.ts';
import { inferenceError } from './errors.ts';
import { createGeneration } from './generation.ts';
import type { Automaton } from './grammar/automaton.ts';
import { compileGrammar } from './grammar/compile.ts';
import { createVocabulary, type Vocabulary } from './grammar/vocabulary.ts';
import type { EmbeddingJob, GenerationEnd, GenerationEvent, GenerationJob } from './jobs.ts';
import { DEFAULT_SLOTS, MAX_CACHE_BYTES, SHARED_PREFIX_WORTH_TOKENS } from './limits.ts';
import { createProcessorShare } from './share.ts';
import { commonPrefix, createSlots, type Slot, type Slots } from './slots.ts';

/** Text from a model: many jobs at a time, in one batch over one key-value cache. Runs in its own thread. */
export interface InferenceEngine {
  encode(text: string): Promise<readonly number[]>;
  decode(tokens: readonly number[]): Promise<string>;
  /** @throws INFERENCE_CANCELLED, INFERENCE_PROMPT_LENGTH, INFERENCE_TOKEN_INVALID, INFERENCE_GRAMMAR_INVALID, INFERENCE_WEIGHTS_GONE, INFERENCE_WEIGHTS_WRONG */
  generate(job: GenerationJob, onEvent: (event: GenerationEvent) => void): Promise<GenerationEnd>;
  /** @throws as `generate` */
  embed(job: EmbeddingJob): Promise<readonly number[]>;
  cancel(id: number): Promise<void>;
}

export interface InferenceEngineOptions {
  readonly model: ModelConfig;
  /** Sequences decoded together; fewer where their keys and values would take more than MAX_CACHE_BYTES. */
  readonly slots?: number;
  /** Of one processor's time, at most, while there is work; left out: all. */
  readonly share?: number;
  /** Tokens that end an answer. */
  readonly endTokens?: readonly number[];
}

export interface InferenceEngineDependencies {
  readonly backend: Backend;
  readonly tokenizer: Tokenizer;
  /** Milliseconds that only grow, and a way to wait. */
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

interface Waiting {
  readonly job: GenerationJob | EmbeddingJob;
  /** Takes a slot of the loaded model; throws what is wrong with the job. */
  begin(slot: Slot): Pick<RunningTask, 'task' | 'ended'>;
  reject(error: unknown): void;
  /** The prompt's keys and values may come from another sequence. */
  readonly reuse: boolean;
}

interface Running extends RunningTask {
  readonly waiting: Waiting;
}

interface Loaded {
  readonly id: string;
  readonly decoder: BatchDecoder;
  readonly slots: Slots;
}

export function createInferenceEngine(options: InferenceEngineOptions, dependencies: InferenceEngineDependencies): InferenceEngine {
  const { model } = options;
  const { backend, tokenizer, now = () => performance.now(), sleep = pause } = dependencies;
  const slotCount = Math.max(1, Math.min(options.slots ?? DEFAULT_SLOTS, Math.floor(MAX_CACHE_BYTES / slotMemoryBytes(model))));
  const endTokens = new Set(options.endTokens ?? []);
  const share = createProcessorShare({ share: options.share ?? 1 }, { now, sleep });
  const queue: Waiting[] = [];
  const running = new Set<Running>();
  const cancelled = new Set<number>();
  let loaded: Loaded | undefined;
  let vocabulary: Vocabulary | undefined;
  let working = false;

  async function load(job: GenerationJob | EmbeddingJob): Promise<void> {
    const bytes = await readWeights(job.weightsPath);
    // Released first: two models at once may not fit the memory.
    loaded?.decoder.release();
    loaded = undefined;
    const decoder = createBatchDecoder({ model, slots: slotCount, weights: (destination) => copyWeights(bytes, destination) }, { backend });
    loaded = { id: job.modelId, decoder, slots: createSlots(decoder) };
  }

  /** Whether a running sequence is about to hold much more of this prompt than any slot holds now. */
  function isWorthWaiting({ job, reuse }: Waiting, held: number): boolean {
    if (!reuse) return false;
    for (const { waiting, task } of running) {
      if (task.pending > 1 && commonPrefix(waiting.job.prompt, job.prompt) >= held + SHARED_PREFIX_WORTH_TOKENS) return true;
    }
    return false;
  }

  /** Gives slots to waiting jobs of the loaded model, first come, first served; loads the next one's when nothing runs. */
  async function admit(): Promise<void> {
    for (let i = 0; i < queue.length; ) {
      const next = queue[i] as Waiting;
      if (loaded?.id !== next.job.modelId) {
        // Later jobs of the loaded model do not overtake: a stream of them would keep a newer model out.
        if (running.size > 0) return;
        try {
          await load(next.job);
        } catch (error) {
          queue.splice(queue.indexOf(next), 1);
          next.reject(error);
        }
        i = 0;
        continue;
      }
      if (isWorthWaiting(next, loaded.slots.held(next.job.prompt))) {
        i++;
        continue;
      }
      const slot = loaded.slots.acquire(next.job.prompt, next.reuse);
      if (slot === undefined) return;
      queue.splice(i, 1);
      try {
        const begun = next.begin(slot);
        const entry: Running = {
          waiting: next,
          slot,
          task: begun.task,
          ended() {
            running.delete(entry);
            slot.release();
            begun.ended();
          },
          failed(error) {
            running.delete(entry);
            slot.release();
            next.reject(error);
          },
        };
        running.add(entry);
      } catch (error) {
        slot.release();
        next.reject(error);
      }
    }
  }

  function dropCancelled(): void {
    if (cancelled.size === 0) return;
    const gone = () => inferenceError('INFERENCE_CANCELLED', 'the client went away');
    for (const waiting of queue.filter(({ job }) => cancelled.has(job.id))) {
      queue.splice(queue.indexOf(waiting), 1);
      waiting.reject(gone());
    }
    for (const entry of running) {
      if (!cancelled.has(entry.waiting.job.id)) continue;
      running.delete(entry);
      entry.slot.release();
      entry.waiting.reject(gone());
    }
    cancelled.clear();
  }

  function pass(): void {
    try {
      runPass((loaded as Loaded).decoder, [...running]);
    } catch (error) {
      // What failed failed for all of the pass; the cache may be half written.
      for (const entry of running) {
        entry.slot.release();
        entry.waiting.reject(error);
      }
      running.clear();
      loaded?.decoder.release();
      loaded = undefined;
    }
  }

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    while (queue.length > 0 || running.size > 0) {
      // Lets cancellations in, and other calls to this thread.
      await new Promise<void>((resolve) => setImmediate(resolve));
      dropCancelled();
      const before = now();
      await admit();
      if (running.size > 0) pass();
      await share.rest(now() - before);
    }
    cancelled.clear();
    working = false;
  }

  function enqueue(waiting: Waiting): void {
    const { prompt } = waiting.job;
    if (prompt.length === 0 || prompt.length > model.context_length) {
      throw inferenceError(
        'INFERENCE_PROMPT_LENGTH',
        `prompt: ${prompt.length} tokens; it must have 1 to ${model.context_length}, the model's context`,
      );
    }
    const wrong = prompt.find((token) => !Number.isInteger(token) || token < 0 || token >= model.vocab_size);
    if (wrong !== undefined) {
      throw inferenceError('INFERENCE_TOKEN_INVALID', `prompt: token ${wrong} is outside the vocabulary of ${model.vocab_size}`);
    }
    queue.push(waiting);
    void work();
  }

  function constraintOf(grammar: Grammar | undefined): { readonly automaton: Automaton; readonly vocabulary: Vocabulary } | undefined {
    if (grammar === undefined) return undefined;
    vocabulary ??= createVocabulary(tokenizer, endTokens);
    return { automaton: compileGrammar(grammar), vocabulary };
  }

  return {
    encode: async (text) => tokenizer.encode(text),
    decode: async (tokens) => tokenizer.decode(tokens),
    async generate(job, onEvent) {
      const wrong = job.logitBias.find(([token]) => !Number.isInteger(token) || token < 0 || token >= model.vocab_size);
      if (wrong !== undefined) {
        throw inferenceError('INFERENCE_TOKEN_INVALID', `logit_bias: token ${wrong[0]} is outside the vocabulary of ${model.vocab_size}`);
      }
      const constraint = constraintOf(job.grammar);
      return new Promise((resolve, reject) => {
        enqueue({
          job,
          reject,
          reuse: !job.promptLogprobs,
          begin(slot) {
            const task = createGeneration(job, {
              tokenizer,
              endTokens,
              contextLength: model.context_length,
              vocabSize: model.vocab_size,
              reused: slot.reused,
              constraint: constraint === undefined ? undefined : { start: constraint.automaton.start, vocabulary: constraint.vocabulary },
              onEvent,
            });
            return { task, ended: () => resolve(task.end) };
          },
        });
      });
    },
    embed(job) {
      return new Promise((resolve, reject) => {
        enqueue({
          job,
          reject,
          reuse: false,
          begin() {
            const task = createEmbedding(job.prompt, model.dim);
            return { task, ended: () => resolve(task.vector) };
          },
        });
      });
    },
    async cancel(id) {
      const isLive = queue.some(({ job }) => job.id === id) || [...running].some(({ waiting }) => waiting.job.id === id);
      if (isLive) cancelled.add(id);
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
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
