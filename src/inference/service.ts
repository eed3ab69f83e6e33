import { randomInt } from 'node:crypto';
import type { CompletionEvent, CompletionRequest, CompletionService, ModelIdentity, ServedModel } from '../chain/view.ts';
import type { Operands } from '../numerics/backend.ts';
import { toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import type { InferenceEngine } from './engine.ts';
import { inferenceError } from './errors.ts';
import { createEventQueue } from './event-queue.ts';
import { DEFAULT_SLOTS, MAX_ATTEMPTS, MAX_COMPLETIONS, MAX_SEED } from './limits.ts';

export interface CompletionServiceDependencies {
  /** Started at the first request, so that a node nobody talks to pays nothing for it. */
  readonly engine: () => Promise<InferenceEngine>;
  /** Which model answers: the settled one. */
  readonly model: () => Promise<ServedModel>;
  readonly servedModel: CompletionService['servedModel'];
}

export interface CompletionServiceOptions {
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Sequences the engine decodes together. */
  readonly slots?: number;
  /** The engine's backend's. */
  readonly operands: Operands;
}

export function createCompletionService(options: CompletionServiceOptions, dependencies: CompletionServiceDependencies): CompletionService {
  const { engine, model } = dependencies;
  let nextJob = 1;
  let underWay = 0;

  // Both: a file is named after its weights, and a name that changes with either never stands for two models.
  const jobOf = (served: ServedModel) => ({
    id: nextJob++,
    weightsPath: served.weightsPath,
    modelId: `${served.weightsPath} ${toHex(served.modelRoot)}`,
  });

  /** Engine and model, once both are there. Starting may take seconds: an abort before this is heard by nobody else. */
  async function ready(signal: AbortSignal): Promise<readonly [InferenceEngine, ServedModel]> {
    throwIfCancelled(signal);
    const both = await Promise.all([engine(), model()]);
    throwIfCancelled(signal);
    return both;
  }

  /** One job of the engine's. A reader that stops early ends it, too. */
  async function* attempt(request: CompletionRequest, seed: number): AsyncGenerator<CompletionEvent> {
    const { signal, ...wanted } = request;
    const [running, served] = await ready(signal);
    const job = { ...wanted, ...jobOf(served), seed };
    const queue = createEventQueue<CompletionEvent>();
    let working = true;
    const cancel = () => {
      if (working) running.cancel(job.id).catch(() => {});
    };
    signal.addEventListener('abort', cancel, { once: true });
    running.generate(job, queue.push).then(
      (end) => {
        working = false;
        queue.push({ type: 'end', ...end, ...identityOf(served), seed, operands: options.operands });
        queue.close();
      },
      (error) => {
        working = false;
        queue.fail(error);
      },
    );
    try {
      yield* queue.values();
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  function enter(): void {
    if (underWay >= MAX_COMPLETIONS) {
      throw inferenceError('INFERENCE_BUSY', `${underWay} answers are waited for already: try again later`);
    }
    underWay++;
  }

  async function* complete(request: CompletionRequest): AsyncGenerator<CompletionEvent> {
    throwIfCancelled(request.signal);
    enter();
    try {
      const seed = request.seed ?? randomInt(MAX_SEED);
      for (let left = MAX_ATTEMPTS; ; left--) {
        try {
          yield* attempt(request, seed);
          return;
        } catch (error) {
          // Thrown before any text.
          if (left <= 1 || !isPolError(error, 'INFERENCE_WEIGHTS_GONE')) throw error;
        }
      }
    } finally {
      underWay--;
    }
  }

  return {
    contextLength: options.contextLength,
    vocabSize: options.vocabSize,
    encode: async (text) => (await engine()).encode(text),
    decode: async (tokens) => (await engine()).decode(tokens),
    complete,
    settledModel: model,
    servedModel: dependencies.servedModel,
    async embed(tokens, signal) {
      enter();
      try {
        for (let left = MAX_ATTEMPTS; ; left--) {
          const [running, served] = await ready(signal);
          const job = { ...jobOf(served), prompt: tokens };
          const cancel = () => void running.cancel(job.id).catch(() => {});
          signal.addEventListener('abort', cancel, { once: true });
          try {
            return { vector: await running.embed(job), ...identityOf(served) };
          } catch (error) {
            if (left <= 1 || !isPolError(error, 'INFERENCE_WEIGHTS_GONE')) throw error;
          } finally {
            signal.removeEventListener('abort', cancel);
          }
        }
      } finally {
        underWay--;
      }
    },
    stats() {
      const running = Math.min(underWay, options.slots ?? DEFAULT_SLOTS);
      return { running, waiting: underWay - running };
    },
  };
}

function identityOf({ weightsPath: _, ...identity }: ServedModel): ModelIdentity {
  return identity;
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw inferenceError('INFERENCE_CANCELLED', 'the client went away');
}
