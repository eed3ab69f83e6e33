import { rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MODEL, openEngine, writeWeights } from './testing/model.ts';

const PROMPT = [72, 105];
const code = (expected: string) => expect.objectContaining({ code: expected });

async function setUp() {
  const engine = await openEngine();
  const { weightsPath } = await writeWeights();
  const base = { weightsPath, modelId: 'one', prompt: PROMPT, maxTokens: 8, temperature: 1, topP: 1, seed: 5, stop: [] as string[] };
  let id = 0;
  const generate = async (changes: Partial<typeof base> = {}) => {
    let text = '';
    const end = await engine.generate({ id: ++id, ...base, ...changes }, (piece) => {
      text += piece;
    });
    return { text, ...end };
  };
  return { engine, base, generate };
}

describe('createInferenceEngine', () => {
  it('repeats itself for a seed, whatever was asked in between', async () => {
    const { generate } = await setUp();
    const first = await generate();
    expect(first).toMatchObject({ reason: 'length', completionTokens: 8 });
    expect((await generate({ seed: 6 })).text).not.toBe(first.text);
    expect(await generate()).toEqual(first);
  });

  it('stops at the context’s end, and refuses prompts that leave no room', async () => {
    const { generate } = await setUp();
    const nearlyFull = Array<number>(MODEL.context_length - 2).fill(65);
    expect(await generate({ prompt: nearlyFull, maxTokens: 100 })).toMatchObject({ reason: 'length', completionTokens: 2 });
    await expect(generate({ prompt: Array<number>(MODEL.context_length).fill(65) })).rejects.toThrow(code('INFERENCE_PROMPT_LENGTH'));
    await expect(generate({ prompt: [] })).rejects.toThrow(code('INFERENCE_PROMPT_LENGTH'));
    expect(await generate()).toMatchObject({ completionTokens: 8 });
  });

  it('ends before a stop sequence', async () => {
    const { generate } = await setUp();
    const whole = await generate({ maxTokens: 40, temperature: 0.7 });
    const stop = [...whole.text].find((character, i) => i > 1 && character.trim() !== '' && character !== '\uFFFD');
    if (stop === undefined) throw new Error('choose another seed: the text has nothing to stop at');
    const stopped = await generate({ maxTokens: 40, temperature: 0.7, stop: [stop] });
    expect(stopped.reason).toBe('stop');
    expect(stopped.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
  });

  it('loads another model when its name changes', async () => {
    const { generate } = await setUp();
    const first = await generate();
    const { weightsPath } = await writeWeights(2);
    const second = await generate({ weightsPath, modelId: 'two' });
    expect(second.text).not.toBe(first.text);
    expect(await generate()).toEqual(first);
  });

  it('survives weights that are gone or of another size', async () => {
    const { generate, base } = await setUp();
    const { weightsPath } = await writeWeights(2);
    await generate();
    await writeFile(weightsPath, new Uint8Array(12));
    await expect(generate({ weightsPath, modelId: 'two' })).rejects.toThrow(code('INFERENCE_WEIGHTS_WRONG'));
    await rm(weightsPath);
    await expect(generate({ weightsPath, modelId: 'two' })).rejects.toThrow(code('INFERENCE_WEIGHTS_GONE'));
    expect(await generate({ weightsPath: base.weightsPath })).toMatchObject({ completionTokens: 8 });
  });

  it('cancels a job that runs and one that waits, and nothing else', async () => {
    const { engine, base, generate } = await setUp();
    await engine.cancel(1);
    const cancelWhenHeard = engine.generate({ ...base, id: 101, maxTokens: 60 }, () => void engine.cancel(101));
    const waiting = engine.generate({ ...base, id: 102 }, () => {});
    await engine.cancel(102);
    await expect(cancelWhenHeard).rejects.toThrow(code('INFERENCE_CANCELLED'));
    await expect(waiting).rejects.toThrow(code('INFERENCE_CANCELLED'));
    // Not held against a later job of that number.
    await engine.cancel(1);
    expect(await generate()).toMatchObject({ completionTokens: 8 });
  });
});
