import { randomInt } from 'node:crypto';
import type { CompletionEvent, CompletionRequest, CompletionService } from '../chain/view.ts';
import { toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { InferenceEngine } from './engine.ts';
import { inferenceError } from './errors.ts';

/** Which model answers: the settled one, as a file. */
export interface ServedModel {
  readonly weightsPath: string;
  readonly modelRoot: Hash;
  readonly round: number;
}

export interface CompletionServiceDependencies {
  /** Started at the first request, so that a node nobody talks to pays nothing for it. */
  readonly engine: () => Promise<InferenceEngine>;
  readonly model: () => Promise<ServedModel>;
}

const MAX_SEED = 2 ** 47;
/** Answers under way or waited for; the engine gives one after the other. */
const MAX_COMPLETIONS = 32;
/** A newer model may take the place of the one a waiting job was to use. */
const MAX_ATTEMPTS = 3;

export function createCompletionService(
  options: { readonly contextLength: number },
  dependencies: CompletionServiceDependencies,
): CompletionService {
  const { engine, model } = dependencies;
  let nextJob = 1;
  let underWay = 0;

  /** One job of the engine's. A reader that stops early ends it, too. */
  async function* attempt(request: CompletionRequest, seed: number): AsyncGenerator<CompletionEvent> {
    const [running, served] = await Promise.all([engine(), model()]);
    // Starting may take seconds: an abort before this is heard by nobody else.
    throwIfCancelled(request.signal);
    const id = nextJob++;
    const queue = createQueue<CompletionEvent>();
    let working = true;
    const cancel = () => {
      if (working) running.cancel(id).catch(() => {});
    };
    request.signal.addEventListener('abort', cancel, { once: true });
    running
      .generate(
        {
          id,
          weightsPath: served.weightsPath,
          // Both: a file is named after its weights, and a name that changes with either never stands for two models.
          modelId: `${served.weightsPath} ${toHex(served.modelRoot)}`,
          prompt: request.prompt,
          maxTokens: request.maxTokens,
          temperature: request.temperature,
          topP: request.topP,
          seed,
          stop: request.stop,
        },
        (text, tokens) => queue.push({ type: 'text', text, tokens }),
      )
      .then(
        (end) => {
          working = false;
          queue.push({ type: 'end', ...end, modelRoot: served.modelRoot, round: served.round });
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
      request.signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  async function* complete(request: CompletionRequest): AsyncGenerator<CompletionEvent> {
    throwIfCancelled(request.signal);
    if (underWay >= MAX_COMPLETIONS) {
      throw inferenceError('INFERENCE_BUSY', `${underWay} answers are waited for already: try again later`);
    }
    underWay++;
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
    encode: async (text) => (await engine()).encode(text),
    complete,
  };
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw inferenceError('INFERENCE_CANCELLED', 'the client went away');
}

/** Values pushed on one side, awaited on the other, in order. */
function createQueue<T>() {
  const waiting: T[] = [];
  let ended = false;
  let failure: unknown;
  let wake: () => void = () => {};
  const end = () => {
    ended = true;
    wake();
  };
  return {
    push(value: T) {
      waiting.push(value);
      wake();
    },
    close: end,
    fail(error: unknown) {
      failure = error;
      end();
    },
    async *values(): AsyncGenerator<T> {
      for (;;) {
        for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) yield value;
        if (failure !== undefined) throw failure;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
