import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { noCompletions, startApi } from '../../src/api/testing/node.ts';
import type { CompletionEvent, CompletionRequest } from '../../src/chain/view.ts';
import { MODEL, openCompletions } from '../../src/inference/testing/model.ts';

const HELLO = { model: 'pol-gpt', messages: [{ role: 'user' as const, content: 'Hi' }], seed: 1, max_tokens: 6 };

const ROOT = expect.stringMatching(/^0x[0-9a-f]{64}$/);

async function setUp() {
  const { completions, cancelled } = await openCompletions();
  const api = await startApi({ completions });
  const client = new OpenAI({ baseURL: `${api.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const send = async (body: unknown) => {
    const response = await fetch(`${api.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as { error: Record<string, unknown> } };
  };
  return { ...api, client, send, cancelled };
}

describe('chat completions', () => {
  it('answers as OpenAI does, from a real model', async () => {
    const { client } = await setUp();
    const answer = await client.chat.completions.create(HELLO);
    expect(answer).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'pol-gpt',
      system_fingerprint: expect.stringMatching(/^round-1-[0-9a-f]{16}$/),
      choices: [
        { index: 0, message: { role: 'assistant', content: expect.any(String), refusal: null }, logprobs: null, finish_reason: 'length' },
      ],
      usage: {
        prompt_tokens: expect.any(Number),
        completion_tokens: 6,
        total_tokens: expect.any(Number),
        prompt_tokens_details: { cached_tokens: 0 },
      },
      pol: {
        answers: [
          {
            index: 0,
            model_root: ROOT,
            weights_root: ROOT,
            momentum_root: ROOT,
            round: 1,
            seed: 1,
            tokens: expect.objectContaining({ length: 6 }),
          },
        ],
      },
    });
    expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + 6);
    const again = await client.chat.completions.create(HELLO);
    expect(again.choices).toEqual(answer.choices);
  });

  it('streams the same text in chunks, with usage when asked, and ends with [DONE]', async () => {
    const { client, url } = await setUp();
    const whole = await client.chat.completions.create(HELLO);
    const stream = await client.chat.completions.create({ ...HELLO, stream: true, stream_options: { include_usage: true } });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.every(({ object, model, id }) => object === 'chat.completion.chunk' && model === 'pol-gpt' && id === chunks[0]?.id)).toBe(
      true,
    );
    expect(chunks[0]?.choices[0]).toMatchObject({ delta: { role: 'assistant', content: '' }, finish_reason: null });
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content);
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'length' });
    expect(chunks.at(-2)?.usage).toBeNull();
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 6 } });

    const raw = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...HELLO, stream: true }),
    });
    expect(raw.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const text = await raw.text();
    expect(text).toMatch(/^data: \{.*\}\n\n/);
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    expect(text).not.toContain('usage');
  });

  it('refuses what it does not understand, naming the field', async () => {
    const { send } = await setUp();
    const { messages } = HELLO;
    for (const [change, param] of [
      [{ messages: [] }, 'messages'],
      [{ messages: [{ role: 'wizard', content: 'x' }] }, 'messages.0.role'],
      [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }, 'messages.0.content'],
      [{ n: 17 }, 'n'],
      [{ temperature: 3 }, 'temperature'],
      [{ top_p: 0 }, 'top_p'],
      [{ max_tokens: 0 }, 'max_tokens'],
      [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
      [{ seed: 1.5 }, 'seed'],
      [{ tools: [{ type: 'function' }] }, 'tools.0.function'],
      [{ tool_choice: 'required' }, 'tool_choice'],
      [{ response_format: { type: 'xml' } }, 'response_format.type'],
      [{ response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { not: {} } } } }, 'response_format'],
      [{ guided_regex: '(' }, 'response_format'],
      [{ top_logprobs: 3 }, 'top_logprobs'],
      [{ logit_bias: { a: 1 } }, 'logit_bias.a'],
      [{ functions: [{ name: 'f' }] }, 'functions'],
      [{ presence_penalty: 3 }, 'presence_penalty'],
      [{ model: undefined }, 'model'],
    ] as const) {
      const { status, body } = await send({ model: 'pol-gpt', messages, ...change });
      expect([status, body.error.param], param).toEqual([400, param]);
      expect(body.error).toEqual({
        message: expect.stringContaining(param),
        type: 'invalid_request_error',
        param,
        code: expect.any(String),
      });
    }
    expect((await send('{')).status).toBe(400);
    expect((await send('[]')).body.error).toMatchObject({ type: 'invalid_request_error' });
  });

  it('lets pass what asks for nothing', async () => {
    const { client } = await setUp();
    const answer = await client.chat.completions.create({
      ...HELLO,
      n: 1,
      tools: [],
      logit_bias: {},
      frequency_penalty: 0,
      presence_penalty: 0,
      response_format: { type: 'text' },
      user: 'somebody',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    });
    expect(answer.choices).toHaveLength(1);
  });

  it('knows one model', async () => {
    const { client } = await setUp();
    expect((await client.models.list()).data).toMatchObject([{ id: 'pol-gpt', object: 'model', owned_by: expect.any(String) }]);
    expect(await client.models.retrieve('pol-gpt')).toMatchObject({ id: 'pol-gpt' });
    await expect(client.models.retrieve('gpt-4')).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    await expect(client.chat.completions.create({ ...HELLO, model: 'gpt-4' })).rejects.toMatchObject({ status: 404 });
  });

  it('drops the oldest turns of a long conversation, and refuses a message too long by itself', async () => {
    const { client } = await setUp();
    const turn = { role: 'user' as const, content: 'x'.repeat(20) };
    const answer = await client.chat.completions.create({ ...HELLO, messages: Array(500).fill(turn) });
    // "User: " and the text, "\nAssistant:" at the end, for as many turns as leave room for the answer.
    expect(answer.usage?.prompt_tokens).toBe(26 + 11);
    await expect(
      client.chat.completions.create({ ...HELLO, messages: [{ role: 'user', content: 'x'.repeat(MODEL.context_length) }] }),
    ).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'messages' });
  });

  it('ends at a stop sequence', async () => {
    const { client } = await setUp();
    const body = { ...HELLO, max_tokens: 30, temperature: 0.7 };
    const text = (await client.chat.completions.create(body)).choices[0]?.message.content ?? '';
    const stop = [...text].find((character, i) => i > 0 && character !== '\uFFFD') ?? '';
    const stopped = await client.chat.completions.create({ ...body, stop });
    expect(stopped.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: text.slice(0, text.indexOf(stop)) } });
  });

  it('frees the model when a client goes away in the middle of a stream', async () => {
    let signal: AbortSignal | undefined;
    let freed: () => void = () => {};
    const ended = new Promise<void>((resolve) => (freed = resolve));
    async function* complete(request: CompletionRequest): AsyncGenerator<CompletionEvent> {
      signal = request.signal;
      try {
        yield { type: 'text', text: 'a', tokens: [] };
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve, { once: true }));
      } finally {
        freed();
      }
    }
    const { url } = await startApi({ completions: { ...noCompletions, complete } });
    const client = new AbortController();
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...HELLO, stream: true }),
      signal: client.signal,
    });
    await response.body?.getReader().read();
    client.abort();
    await ended;
    expect(signal?.aborted).toBe(true);
  });

  it('reports an error in the middle of a stream in the stream', async () => {
    async function* complete(): AsyncGenerator<CompletionEvent> {
      yield { type: 'text', text: 'a', tokens: [] };
      throw new Error('the worker died');
    }
    const { url } = await startApi({ completions: { ...noCompletions, complete } });
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
    const stream = await client.chat.completions.create({ ...HELLO, stream: true });
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow('the worker died');
  });

  it('ends open streams when the server stops', async () => {
    async function* complete(request: CompletionRequest): AsyncGenerator<CompletionEvent> {
      yield { type: 'text', text: 'a', tokens: [] };
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve, { once: true }));
    }
    const { url, server } = await startApi({ completions: { ...noCompletions, complete } });
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...HELLO, stream: true }),
    });
    const reader = response.body?.getReader();
    await reader?.read();
    await server.stop();
    await expect(
      (async () => {
        while (!(await reader?.read())?.done);
      })(),
    ).rejects.toBeInstanceOf(Error);
  });
});
