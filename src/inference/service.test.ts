import { describe, expect, it } from 'vitest';
import type { CompletionEvent, CompletionRequest } from '../chain/view.ts';
import type { InferenceEngine } from './engine.ts';
import { inferenceError } from './errors.ts';
import type { GenerationJob } from './jobs.ts';
import { createCompletionService } from './service.ts';
import { PLAIN } from './testing/jobs.ts';

const request = (changes: Partial<CompletionRequest> = {}): CompletionRequest => ({
  ...PLAIN,
  seed: 1,
  signal: new AbortController().signal,
  ...changes,
});
const code = (expected: string) => expect.objectContaining({ code: expected });

const identity = (number: number) => {
  const root = new Uint8Array(32).fill(number);
  return { modelRoot: root, weightsRoot: root, momentumRoot: root, round: number };
};

function setUp(generate: InferenceEngine['generate'], start: () => Promise<void> = async () => {}) {
  const cancelled: number[] = [];
  const engine: InferenceEngine = {
    generate,
    encode: async () => [1],
    decode: async () => 'a',
    embed: async () => [1],
    cancel: async (id) => void cancelled.push(id),
  };
  let models = 0;
  const service = createCompletionService(
    { contextLength: 8, vocabSize: 4, operands: 'bf16' },
    {
      engine: async () => {
        await start();
        return engine;
      },
      model: async () => ({ weightsPath: `model ${++models}`, ...identity(models) }),
      servedModel: async () => undefined,
    },
  );
  return { service, cancelled };
}

const text = (shown: string) => ({ type: 'text' as const, text: shown, tokens: [] });

async function collect(events: AsyncIterable<CompletionEvent>) {
  const all: CompletionEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const twoWords: InferenceEngine['generate'] = async (_, onEvent) => {
  onEvent(text('to '));
  onEvent(text('be'));
  return { reason: 'length', tokens: [1, 2], cachedTokens: 0 };
};

describe('createCompletionService', () => {
  it('hands the text on piece by piece, then the end with the model it came from', async () => {
    const { service } = setUp(twoWords);
    expect(await collect(service.complete(request()))).toEqual([
      text('to '),
      text('be'),
      { type: 'end', reason: 'length', tokens: [1, 2], cachedTokens: 0, ...identity(1), seed: 1, operands: 'bf16' },
    ]);
  });

  it('asks again with the newer model when the older one’s file is gone', async () => {
    const jobs: GenerationJob[] = [];
    const { service } = setUp(async (job, onEvent) => {
      jobs.push(job);
      if (jobs.length === 1) throw inferenceError('INFERENCE_WEIGHTS_GONE', 'gone');
      return twoWords(job, onEvent);
    });
    const events = await collect(service.complete(request({ seed: undefined })));
    expect(events.at(-1)).toMatchObject({ type: 'end', round: 2 });
    expect(jobs.map(({ weightsPath }) => weightsPath)).toEqual(['model 1', 'model 2']);
    expect(jobs[0]?.seed).toBe(jobs[1]?.seed);
    const hopeless = setUp(async () => {
      throw inferenceError('INFERENCE_WEIGHTS_GONE', 'gone');
    });
    await expect(collect(hopeless.service.complete(request()))).rejects.toThrow(code('INFERENCE_WEIGHTS_GONE'));
  });

  it('cancels the work when the reader stops, and when it is aborted', async () => {
    const never: InferenceEngine['generate'] = (_, onEvent) => {
      onEvent(text('a'));
      return new Promise(() => {});
    };
    const reading = setUp(never);
    for await (const event of reading.service.complete(request())) {
      expect(event).toMatchObject({ text: 'a' });
      break;
    }
    expect(reading.cancelled).toEqual([1]);
    const aborted = setUp(never);
    const controller = new AbortController();
    const events = aborted.service.complete(request({ signal: controller.signal }))[Symbol.asyncIterator]();
    await events.next();
    controller.abort();
    expect(aborted.cancelled).toEqual([1]);
  });

  it('begins nothing for a client that left while the engine started', async () => {
    const controller = new AbortController();
    let generated = 0;
    const { service } = setUp(
      async (job, onEvent) => {
        generated++;
        return twoWords(job, onEvent);
      },
      async () => controller.abort(),
    );
    await expect(collect(service.complete(request({ signal: controller.signal })))).rejects.toThrow(code('INFERENCE_CANCELLED'));
    expect(generated).toBe(0);
  });

  it('takes a bounded number of answers, and again as many when they have ended', async () => {
    let finish: () => void = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const { service } = setUp(async (job, onEvent) => {
      await gate;
      return twoWords(job, onEvent);
    });
    const running = Array.from({ length: 128 }, () => collect(service.complete(request())));
    await expect(collect(service.complete(request()))).rejects.toMatchObject({ code: 'INFERENCE_BUSY', http: 429 });
    finish();
    await Promise.all(running);
    expect(await collect(service.complete(request()))).toHaveLength(3);
  });
});
