import { describe, expect, it } from 'vitest';
import type { CompletionEvent, CompletionRequest } from '../chain/view.ts';
import type { GenerationJob, InferenceEngine } from './engine.ts';
import { inferenceError } from './errors.ts';
import { createCompletionService } from './service.ts';

const request = (changes: Partial<CompletionRequest> = {}): CompletionRequest => ({
  prompt: [1],
  maxTokens: 4,
  temperature: 1,
  topP: 1,
  seed: 1,
  stop: [],
  signal: new AbortController().signal,
  ...changes,
});
const code = (expected: string) => expect.objectContaining({ code: expected });

function setUp(generate: InferenceEngine['generate'], start: () => Promise<void> = async () => {}) {
  const cancelled: number[] = [];
  const engine: InferenceEngine = { generate, encode: async () => [1], cancel: async (id) => void cancelled.push(id) };
  let models = 0;
  const service = createCompletionService(
    { contextLength: 8 },
    {
      engine: async () => {
        await start();
        return engine;
      },
      model: async () => ({ weightsPath: `model ${++models}`, modelRoot: new Uint8Array(32).fill(models), round: models }),
    },
  );
  return { service, cancelled };
}

async function collect(events: AsyncIterable<CompletionEvent>) {
  const all: CompletionEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const twoWords: InferenceEngine['generate'] = async (_, onText) => {
  onText('to ', 1);
  onText('be', 2);
  return { reason: 'length', completionTokens: 2 };
};

describe('createCompletionService', () => {
  it('hands the text on piece by piece, then the end with the model it came from', async () => {
    const { service } = setUp(twoWords);
    expect(await collect(service.complete(request()))).toEqual([
      { type: 'text', text: 'to ', tokens: 1 },
      { type: 'text', text: 'be', tokens: 2 },
      { type: 'end', reason: 'length', completionTokens: 2, modelRoot: new Uint8Array(32).fill(1), round: 1 },
    ]);
  });

  it('asks again with the newer model when the older one’s file is gone', async () => {
    const jobs: GenerationJob[] = [];
    const { service } = setUp(async (job, onText) => {
      jobs.push(job);
      if (jobs.length === 1) throw inferenceError('INFERENCE_WEIGHTS_GONE', 'gone');
      return twoWords(job, onText);
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
    const never: InferenceEngine['generate'] = (_, onText) => {
      onText('a', 1);
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
      async (job, onText) => {
        generated++;
        return twoWords(job, onText);
      },
      async () => controller.abort(),
    );
    await expect(collect(service.complete(request({ signal: controller.signal })))).rejects.toThrow(code('INFERENCE_CANCELLED'));
    expect(generated).toBe(0);
  });

  it('takes a bounded number of answers, and again as many when they have ended', async () => {
    let finish: () => void = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const { service } = setUp(async (job, onText) => {
      await gate;
      return twoWords(job, onText);
    });
    const running = Array.from({ length: 32 }, () => collect(service.complete(request())));
    await expect(collect(service.complete(request()))).rejects.toMatchObject({ code: 'INFERENCE_BUSY', http: 429 });
    finish();
    await Promise.all(running);
    expect(await collect(service.complete(request()))).toHaveLength(3);
  });
});
