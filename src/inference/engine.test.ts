import { rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { TokenReport } from '../chain/view.ts';
import type { InferenceEngineOptions } from './engine.ts';
import type { GenerationJob } from './jobs.ts';
import { PLAIN } from './testing/jobs.ts';
import { MODEL, openEngine, writeWeights } from './testing/model.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

async function setUp(options: Partial<InferenceEngineOptions> = {}) {
  const engine = await openEngine(options);
  const { weightsPath } = await writeWeights();
  const base = { ...PLAIN, seed: 5, weightsPath, modelId: 'one' };
  let id = 0;
  const generate = async (changes: Partial<GenerationJob> = {}) => {
    let text = '';
    const tokens: TokenReport[] = [];
    const prompt: TokenReport[] = [];
    const end = await engine.generate({ id: ++id, ...base, ...changes }, (event) => {
      if (event.type === 'prompt') return void prompt.push(...event.tokens);
      text += event.text;
      tokens.push(...event.tokens);
    });
    return { text, reports: tokens, promptReports: prompt, ...end };
  };
  return { engine, base, generate };
}

describe('createInferenceEngine', () => {
  it('repeats itself for a seed, whatever was asked in between', async () => {
    const { generate } = await setUp();
    const first = await generate();
    expect(first).toMatchObject({ reason: 'length', tokens: { length: 8 }, cachedTokens: 0 });
    expect((await generate({ seed: 6 })).text).not.toBe(first.text);
    expect((await generate({ choice: 1 })).text).not.toBe(first.text);
    // The prompt's first token is still held; its last one is computed again for its logits.
    expect(await generate()).toEqual({ ...first, cachedTokens: 1 });
  });

  it('gives each of many answers at once the text it gives alone', async () => {
    const alone = await setUp({ slots: 1 });
    const jobs = Array.from({ length: 12 }, (_, i) => ({
      prompt: Array.from({ length: 1 + ((i * 7) % 30) }, (_, j) => (i * 31 + j * j) % 256),
      maxTokens: 3 + ((i * 5) % 17),
      temperature: i % 3 === 0 ? 0 : 0.8,
      seed: i,
    }));
    const expected = [];
    for (const job of jobs) expected.push(await alone.generate(job));
    const together = await setUp({ slots: 4 });
    const found = await Promise.all(jobs.map((job) => together.generate(job)));
    expect(found.map(({ tokens, text, reason }) => ({ tokens, text, reason }))).toEqual(
      expected.map(({ tokens, text, reason }) => ({ tokens, text, reason })),
    );
  });

  it('takes over a common beginning, to the same text, and computes one that several ask for once', async () => {
    const { generate } = await setUp();
    const beginning = Array.from({ length: 30 }, (_, i) => (i * 11) % 256);
    const fresh = await generate({ prompt: [...beginning, 1] });
    const again = await generate({ prompt: [...beginning, 1] });
    expect(again).toMatchObject({ text: fresh.text, cachedTokens: 30 });
    expect(await generate({ prompt: [...beginning, 2] })).toMatchObject({ cachedTokens: 30 });
    const other = Array.from({ length: 40 }, (_, i) => (i * 13 + 5) % 256);
    const shared = await Promise.all([0, 1, 2].map((choice) => generate({ prompt: other, choice })));
    expect(shared.map(({ cachedTokens }) => cachedTokens)).toEqual([0, 39, 39]);
  });

  it('stops at the context’s end, and refuses prompts that do not fit', async () => {
    const { generate } = await setUp();
    const nearlyFull = Array<number>(MODEL.context_length - 2).fill(65);
    expect(await generate({ prompt: nearlyFull, maxTokens: 100 })).toMatchObject({ reason: 'length', tokens: { length: 2 } });
    const full = Array<number>(MODEL.context_length).fill(65);
    expect(await generate({ prompt: full, promptLogprobs: true })).toMatchObject({
      tokens: [],
      promptReports: { length: MODEL.context_length - 1 },
    });
    await expect(generate({ prompt: [...full, 1] })).rejects.toThrow(code('INFERENCE_PROMPT_LENGTH'));
    await expect(generate({ prompt: [] })).rejects.toThrow(code('INFERENCE_PROMPT_LENGTH'));
    await expect(generate({ prompt: [256] })).rejects.toThrow(code('INFERENCE_TOKEN_INVALID'));
    await expect(generate({ logitBias: [[-1, 1]] })).rejects.toThrow(code('INFERENCE_TOKEN_INVALID'));
    expect(await generate()).toMatchObject({ tokens: { length: 8 } });
  });

  it('ends before a stop sequence', async () => {
    const { generate } = await setUp();
    const whole = await generate({ maxTokens: 40, temperature: 0.7 });
    const stop = [...whole.text].find((character, i) => i > 1 && character.trim() !== '' && character !== '\uFFFD');
    if (stop === undefined) throw new Error('choose another seed: the text has nothing to stop at');
    const stopped = await generate({ maxTokens: 40, temperature: 0.7, stop: [stop], logprobs: 0 });
    expect(stopped.reason).toBe('stop');
    expect(stopped.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
    expect(stopped.reports.length).toBeLessThan(stopped.tokens.length);
  });

  it('ends at an end token without showing it', async () => {
    const { tokens, text } = await (await setUp()).generate({ maxTokens: 3 });
    const { generate } = await setUp({ endTokens: [tokens[2] as number] });
    const ended = await generate({ maxTokens: 40 });
    expect(ended).toMatchObject({ reason: 'stop', tokens });
    expect(text.startsWith(ended.text)).toBe(true);
  });

  it('tells probabilities: of the answer, of alternatives, of the prompt, whatever the batch', async () => {
    const { generate } = await setUp();
    const job = { temperature: 0, logprobs: 3, maxTokens: 6 };
    const answer = await generate(job);
    expect(answer.reports.map(({ token }) => token)).toEqual(answer.tokens);
    for (const { token, logprob, top } of answer.reports) {
      expect(top).toHaveLength(3);
      expect(top[0]).toMatchObject({ token, logprob });
      expect(top[0]?.logprob).toBeGreaterThanOrEqual(top[1]?.logprob as number);
    }
    const again = await generate({ ...job, prompt: [...PLAIN.prompt, ...answer.tokens], maxTokens: 1, promptLogprobs: true });
    expect(again.promptReports.slice(1)).toEqual(answer.reports);
    const all = await generate({ logprobs: 256, maxTokens: 1 });
    const sum = all.reports[0]?.top.reduce((total, { logprob }) => total + Math.exp(logprob), 0);
    expect(sum).toBeCloseTo(1, 6);
  });

  it('keeps to a grammar, and ends where it ends', async () => {
    const { generate } = await setUp();
    for (const seed of [1, 2, 3]) {
      const digits = await generate({ grammar: { regex: '[0-9]{3}-(a|b)' }, seed });
      expect(digits.text).toMatch(/^[0-9]{3}-[ab]$/);
      expect(digits.reason).toBe('stop');
    }
    const open = await generate({ grammar: { regex: 'x+' }, maxTokens: 30 });
    // The model would rather go on with something else than another x.
    expect(open).toMatchObject({ text: 'x', reason: 'stop' });
    await expect(generate({ grammar: { regex: '(' } })).rejects.toThrow(code('INFERENCE_GRAMMAR_INVALID'));
  });

  it('embeds texts beside answers, as vectors of length 1', async () => {
    const { engine, base, generate } = await setUp();
    const { weightsPath, modelId } = base;
    const embed = (id: number, prompt: number[]) => engine.embed({ id, weightsPath, modelId, prompt });
    const prompt = Array.from({ length: 50 }, (_, i) => i);
    const [first, answer, same, other] = await Promise.all([embed(900, prompt), generate(), embed(901, prompt), embed(902, [1, 2])]);
    expect(first).toHaveLength(MODEL.dim);
    expect(Math.hypot(...first)).toBeCloseTo(1, 6);
    expect(same).toEqual(first);
    expect(other).not.toEqual(first);
    expect(answer.text).toBe((await generate()).text);
  });

  it('loads another model when its name changes, after the answers of the first', async () => {
    const { generate } = await setUp();
    const first = await generate();
    const { weightsPath } = await writeWeights(2);
    const [old, second] = await Promise.all([generate(), generate({ weightsPath, modelId: 'two' })]);
    expect(old.text).toBe(first.text);
    expect(second.text).not.toBe(first.text);
    expect((await generate()).text).toBe(first.text);
  });

  it('survives weights that are gone or of another size', async () => {
    const { generate, base } = await setUp();
    const { weightsPath } = await writeWeights(2);
    await generate();
    await writeFile(weightsPath, new Uint8Array(12));
    await expect(generate({ weightsPath, modelId: 'two' })).rejects.toThrow(code('INFERENCE_WEIGHTS_WRONG'));
    await rm(weightsPath);
    await expect(generate({ weightsPath, modelId: 'two' })).rejects.toThrow(code('INFERENCE_WEIGHTS_GONE'));
    expect(await generate({ weightsPath: base.weightsPath })).toMatchObject({ tokens: { length: 8 } });
  });

  it('cancels a job that runs and one that waits, and nothing else', async () => {
    const { engine, base, generate } = await setUp({ slots: 1 });
    await engine.cancel(1);
    const cancelWhenHeard = engine.generate({ ...base, id: 101, maxTokens: 60 }, () => void engine.cancel(101));
    const waiting = engine.generate({ ...base, id: 102 }, () => {});
    await engine.cancel(102);
    const ends = await Promise.allSettled([cancelWhenHeard, waiting]);
    for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'INFERENCE_CANCELLED' } });
    // Not held against a later job of that number.
    await engine.cancel(1);
    expect(await generate()).toMatchObject({ tokens: { length: 8 } });
  });
});
