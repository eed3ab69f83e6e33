import { randomInt } from 'node:crypto';
import type { CompletionEvent, CompletionRequest, CompletionService } from '../chain/view.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { InferenceEngine } from './engine.ts';

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

export function createCompletionService(
  options: { readonly contextLength: number },
  dependencies: CompletionServiceDependencies,
): CompletionService {
  const { engine, model } = dependencies;
  let nextJob = 1;

  async function* complete(request: CompletionRequest): AsyncGenerator<CompletionEvent> {
    request.signal.throwIfAborted();
    const [running, served] = await Promise.all([engine(), model()]);
    const id = nextJob++;
    const queue = createQueue<CompletionEvent>();
    let working = true;
    const cancel = () => {
      if (working) void running.cancel(id).catch(() => {});
    };
    request.signal.addEventListener('abort', cancel, { once: true });
    running
      .generate(
        {
          id,
          weightsPath: served.weightsPath,
          modelId: toHex(served.modelRoot),
          prompt: request.prompt,
          maxTokens: request.maxTokens,
          temperature: request.temperature,
          topP: request.topP,
          seed: request.seed ?? randomInt(MAX_SEED),
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
      // A reader that stops early ends the work, too.
      cancel();
    }
  }

  return {
    contextLength: options.contextLength,
    encode: async (text) => (await engine()).encode(text),
    complete,
  };
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
