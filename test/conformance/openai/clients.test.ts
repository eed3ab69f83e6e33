import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startApi } from '../../../src/api/testing/node.ts';
import { MODEL, openCompletions } from '../../../src/inference/testing/model.ts';
import { selectBackend } from '../../../src/numerics/backends.ts';
import { hasTool, importTool } from '../../tools/tools.ts';
import { createValidatingFetch, hasDocument } from './validating-fetch.ts';

/**
 * One script for three clients: streaming, stop, log-probabilities, several choices, seeds, JSON schemas, tools, errors, abort. Every
 * request and every answer is held against OpenAI's published description. The model is random: what it says is noise, and whatever is
 * bound by a schema is valid all the same.
 */

const QUESTION = [{ role: 'user' as const, content: 'Hi' }];
const BASE = { model: 'pol-gpt', messages: QUESTION, seed: 1, max_tokens: 12 };
const PERSON = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 8 }, age: { type: 'integer', minimum: 0, maximum: 130 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const WEATHER = { type: 'object', properties: { city: { enum: ['Rome', 'Oslo'] } }, required: ['city'], additionalProperties: false };
const TOOL = { type: 'function' as const, function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } };

async function setUp() {
  const { completions, cancelled } = await openCompletions(
    { ...MODEL, context_length: 1024 },
    await selectBackend({ wanted: 'auto', threads: 1 }),
  );
  const api = await startApi({ completions });
  const validating = await createValidatingFetch();
  onTestFinished(validating.settled);
  return { baseURL: `${api.url}/v1`, ...validating, cancelled };
}

const missing = ['ajv', '@ai-sdk/openai-compatible', 'ai', '@langchain/openai'].filter((name) => !hasTool(name));
const skipped = missing.length > 0 || !hasDocument;
const why = hasDocument ? `without ${missing.join(', ')} (npm install --prefix test/tools)` : 'without ../shared/conformance/openai';

describe.skipIf(skipped)(`OpenAI's API${skipped ? `: skipped ${why}` : ''}`, () => {
  describe('the openai client', () => {
    async function open() {
      const parts = await setUp();
      return { ...parts, client: new OpenAI({ baseURL: parts.baseURL, apiKey: 'none', maxRetries: 0, fetch: parts.fetch }) };
    }

    it('streams what it answers whole, for each of several choices', async () => {
      const { client } = await open();
      const whole = await client.chat.completions.create({ ...BASE, n: 3 });
      const texts = ['', '', ''];
      let usage: OpenAI.CompletionUsage | null | undefined;
      for await (const chunk of await client.chat.completions.create({
        ...BASE,
        n: 3,
        stream: true,
        stream_options: { include_usage: true },
      })) {
        for (const { index, delta } of chunk.choices) texts[index] += delta.content ?? '';
        usage = chunk.usage ?? usage;
      }
      expect(texts).toEqual(whole.choices.map(({ message }) => message.content));
      expect(new Set(texts).size).toBe(3);
      expect(usage?.completion_tokens).toBe(36);
      expect(whole.usage).toMatchObject({ completion_tokens: 36, prompt_tokens: usage?.prompt_tokens });
    });

    it('repeats an answer for a seed, and stops where it is told', async () => {
      const { client } = await open();
      const ask = async (changes: object) =>
        (await client.chat.completions.create({ ...BASE, max_tokens: 40, temperature: 0.8, ...changes })).choices[0];
      const first = await ask({});
      expect(await ask({})).toEqual(first);
      expect((await ask({ seed: 2 }))?.message.content).not.toBe(first?.message.content);
      const text = first?.message.content ?? '';
      const stop = [...text].find((character, i) => i > 0 && character !== '\uFFFD') as string;
      expect(await ask({ stop: [stop, 'never said'] })).toMatchObject({
        finish_reason: 'stop',
        message: { content: text.slice(0, text.indexOf(stop)) },
      });
    });

    it('tells log-probabilities, whole and streamed', async () => {
      const { client } = await open();
      const whole = await client.chat.completions.create({ ...BASE, temperature: 0, logprobs: true, top_logprobs: 2 });
      const content = whole.choices[0]?.logprobs?.content ?? [];
      expect(content).toHaveLength(12);
      for (const token of content) expect(token.top_logprobs.map(({ logprob }) => logprob)[0]).toBe(token.logprob);
      const streamed = [];
      for await (const chunk of await client.chat.completions.create({
        ...BASE,
        temperature: 0,
        logprobs: true,
        top_logprobs: 2,
        stream: true,
      })) {
        streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []));
      }
      expect(streamed).toEqual(content);
    });

    it('follows penalties and biases', async () => {
      const { client } = await open();
      const answer = await client.chat.completions.create({ ...BASE, logit_bias: { 32: 100 } });
      expect(answer.choices[0]?.message.content).toBe('A'.repeat(12));
      const varied = await client.chat.completions.create({ ...BASE, temperature: 0, presence_penalty: 2, frequency_penalty: 2 });
      expect(varied.choices[0]?.message.content).not.toBe(
        (await client.chat.completions.create({ ...BASE, temperature: 0 })).choices[0]?.message.content,
      );
    });

    it('answers in JSON, and in JSON of a schema', async () => {
      const { client } = await open();
      for (const seed of [1, 2, 3]) {
        const answer = await client.chat.completions.create({
          ...BASE,
          seed,
          max_tokens: 200,
          response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema: PERSON } },
        });
        expect(answer.choices[0]?.finish_reason).toBe('stop');
        const person = JSON.parse(answer.choices[0]?.message.content ?? '') as { name: string; age: number };
        expect(Object.keys(person)).toEqual(['name', 'age']);
        expect(person.age).toBeLessThanOrEqual(130);
      }
      const object = await client.chat.completions.create({
        ...BASE,
        messages: [{ role: 'user', content: 'JSON' }],
        max_tokens: 600,
        temperature: 0.1,
        logit_bias: { 125: 20, 34: 10 },
        response_format: { type: 'json_object' },
      });
      if (object.choices[0]?.finish_reason === 'stop') expect(JSON.parse(object.choices[0].message.content ?? '')).toBeTypeOf('object');
    });

    it('calls tools, whole and streamed, and reads their results', async () => {
      const { client } = await open();
      const body = { ...BASE, max_tokens: 120, tools: [TOOL], tool_choice: 'required' as const };
      const answer = await client.chat.completions.create(body);
      const [call] = answer.choices[0]?.message.tool_calls ?? [];
      if (call?.type !== 'function') throw new Error('no call');
      expect(answer.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
      expect(call.function.name).toBe('weather');
      expect(['Rome', 'Oslo']).toContain((JSON.parse(call.function.arguments) as { city: string }).city);
      let streamed = '';
      let reason: string | null = null;
      for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
        streamed += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? '';
        reason = chunk.choices[0]?.finish_reason ?? reason;
      }
      expect([streamed, reason]).toEqual([call.function.arguments, 'tool_calls']);
      const named = await client.chat.completions.create({ ...body, tool_choice: { type: 'function', function: { name: 'weather' } } });
      expect(named.choices[0]?.message.tool_calls).toHaveLength(1);
      const after = await client.chat.completions.create({
        ...BASE,
        tools: [TOOL],
        messages: [
          ...QUESTION,
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: call.id, content: '20 degrees' },
        ],
      });
      expect(after.choices[0]?.message.content).toBeTypeOf('string');
    });

    it('completes prompts: several, as tokens, echoed with their probabilities, streamed', async () => {
      const { client } = await open();
      const base = { model: 'pol-gpt', max_tokens: 5, seed: 3 };
      const two = await client.completions.create({ ...base, prompt: ['Hi', 'Ho'], n: 2 });
      expect(two.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
      expect(two.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 20 });
      const tokens = await client.completions.create({ ...base, prompt: [39, 72] });
      expect(tokens.choices[0]?.text).toBe(two.choices[0]?.text);
      const echo = await client.completions.create({ ...base, prompt: 'Hi', echo: true, logprobs: 2, max_tokens: 0 });
      expect(echo.choices[0]).toMatchObject({
        text: 'Hi',
        finish_reason: 'length',
        logprobs: { tokens: ['H', 'i'], token_logprobs: [null, expect.any(Number)], text_offset: [0, 1] },
      });
      let text = '';
      for await (const chunk of await client.completions.create({ ...base, prompt: 'Hi', stream: true }))
        text += chunk.choices[0]?.text ?? '';
      expect(text).toBe(two.choices[0]?.text);
    });

    it('responds: text, logprobs, JSON, calls of functions, events', async () => {
      const { client } = await open();
      const base = { model: 'pol-gpt', input: 'Hi', max_output_tokens: 16, temperature: 0 };
      const whole = await client.responses.create({ ...base, instructions: 'Be brief', include: ['message.output_text.logprobs'] });
      expect(whole).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
      expect(whole.usage?.output_tokens).toBe(16);
      const types: string[] = [];
      let text = '';
      for await (const event of await client.responses.create({ ...base, instructions: 'Be brief', stream: true })) {
        if (types.at(-1) !== event.type) types.push(event.type);
        if (event.type === 'response.output_text.delta') text += event.delta;
      }
      expect(text).toBe(whole.output_text);
      expect(types).toEqual([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.delta',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.incomplete',
      ]);
      const person = await client.responses.create({
        ...base,
        temperature: 1,
        max_output_tokens: 200,
        text: { format: { type: 'json_schema', name: 'person', strict: true, schema: PERSON } },
      });
      expect(person.status).toBe('completed');
      expect(Object.keys(JSON.parse(person.output_text) as object)).toEqual(['name', 'age']);
      const tools = [{ type: 'function' as const, name: 'weather', parameters: WEATHER, strict: true }];
      const call = await client.responses.create({ ...base, max_output_tokens: 120, tools, tool_choice: 'required' });
      const [item] = call.output;
      if (item?.type !== 'function_call') throw new Error('no call');
      expect(['Rome', 'Oslo']).toContain((JSON.parse(item.arguments) as { city: string }).city);
      let streamed = '';
      for await (const event of await client.responses.create({
        ...base,
        max_output_tokens: 120,
        tools,
        tool_choice: 'required',
        stream: true,
      })) {
        if (event.type === 'response.function_call_arguments.done') streamed = event.arguments;
      }
      expect(streamed).toBe(item.arguments);
      const after = await client.responses.create({
        ...base,
        tools,
        input: [
          { role: 'user', content: 'Hi' },
          { type: 'function_call', call_id: item.call_id, name: item.name, arguments: item.arguments },
          { type: 'function_call_output', call_id: item.call_id, output: '20 degrees' },
        ],
      });
      expect(after.output).toHaveLength(1);
    });

    it('embeds', async () => {
      const { client } = await open();
      const plain = await client.embeddings.create({ model: 'pol-gpt', input: ['Hi', 'Ho there'], encoding_format: 'float' });
      expect(plain.data.map(({ embedding }) => embedding.length)).toEqual([MODEL.dim, MODEL.dim]);
      expect(Math.hypot(...(plain.data[0]?.embedding ?? []))).toBeCloseTo(1, 6);
      // Unless told otherwise the client asks for base64 and decodes it.
      const packed = await client.embeddings.create({ model: 'pol-gpt', input: 'Hi' });
      packed.data[0]?.embedding.forEach((value, i) => void expect(value).toBeCloseTo(plain.data[0]?.embedding[i] as number, 6));
    });

    it('refuses as OpenAI does', async () => {
      const { client } = await open();
      const options = { headers: { 'x-invalid': 'yes' } };
      const refusal = (body: object) => client.chat.completions.create({ ...BASE, ...body } as never, options);
      await expect(refusal({ model: 'gpt-4' })).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
      await expect(refusal({ temperature: 9 })).rejects.toMatchObject({ status: 400, param: 'temperature', type: 'invalid_request_error' });
      await expect(refusal({ messages: [{ role: 'user', content: 'x'.repeat(2000) }] })).rejects.toMatchObject({
        status: 400,
        code: 'context_length_exceeded',
      });
      const schema = { type: 'json_schema', json_schema: { name: 'a', schema: { not: {} } } };
      await expect(refusal({ response_format: schema, stream: true })).rejects.toMatchObject({ status: 400, param: 'response_format' });
      await expect(client.responses.create({ model: 'pol-gpt', input: 'x'.repeat(2000) })).rejects.toMatchObject({
        status: 400,
        param: 'input',
      });
      await expect(client.responses.create({ model: 'pol-gpt', input: 'x', previous_response_id: 'resp_1' })).rejects.toMatchObject({
        param: 'previous_response_id',
      });
      await expect(client.completions.create({ model: 'pol-gpt', prompt: 'a', suffix: 'b' })).rejects.toMatchObject({ param: 'suffix' });
      await expect(client.completions.create({ model: 'pol-gpt', prompt: [999] })).rejects.toMatchObject({ status: 400 });
    });

    it('frees the model when the client goes away', async () => {
      const { client, cancelled } = await open();
      const stream = await client.chat.completions.create({ ...BASE, max_tokens: 900, stream: true });
      for await (const _ of stream) {
        stream.controller.abort();
        break;
      }
      await expect.poll(() => cancelled.length).toBe(1);
      expect((await client.chat.completions.create(BASE)).choices).toHaveLength(1);
    });
  });

  describe('the ai SDK', () => {
    interface Ai {
      generateText(options: object): Promise<{
        text: string;
        finishReason: string;
        usage: { outputTokens: number };
        toolCalls: { toolName: string; input: unknown }[];
      }>;
      streamText(options: object): { textStream: AsyncIterable<string>; finishReason: PromiseLike<string> };
      generateObject(options: object): Promise<{ object: unknown }>;
      tool(definition: object): object;
      jsonSchema(schema: object): object;
    }
    type Provider = (options: object) => (model: string) => object;

    async function open() {
      const parts = await setUp();
      const { createOpenAICompatible } = await importTool<{ createOpenAICompatible: Provider }>('@ai-sdk/openai-compatible');
      const provider = createOpenAICompatible({
        name: 'pol',
        baseURL: parts.baseURL,
        fetch: parts.fetch,
        supportsStructuredOutputs: true,
        includeUsage: true,
      });
      const base = { model: provider('pol-gpt'), prompt: 'Hi', seed: 1, maxOutputTokens: 12, maxRetries: 0 };
      return { ...parts, ai: await importTool<Ai>('ai'), base };
    }

    it('streams what it answers whole; stops; repeats for a seed', async () => {
      const { ai, base } = await open();
      const whole = await ai.generateText({ ...base, temperature: 0.8 });
      expect(whole).toMatchObject({ finishReason: 'length', usage: { outputTokens: 12 } });
      const stream = ai.streamText({ ...base, temperature: 0.8 });
      let text = '';
      for await (const piece of stream.textStream) text += piece;
      expect([text, await stream.finishReason]).toEqual([whole.text, 'length']);
      const stop = [...whole.text].find((character, i) => i > 0 && character !== '\uFFFD') as string;
      expect(await ai.generateText({ ...base, temperature: 0.8, stopSequences: [stop] })).toMatchObject({
        finishReason: 'stop',
        text: whole.text.slice(0, whole.text.indexOf(stop)),
      });
    });

    it('makes objects of a schema, and calls tools', async () => {
      const { ai, base } = await open();
      const { object } = await ai.generateObject({ ...base, maxOutputTokens: 200, schema: ai.jsonSchema(PERSON) });
      expect(Object.keys(object as object)).toEqual(['name', 'age']);
      const tools = { weather: ai.tool({ description: 'Weather', inputSchema: ai.jsonSchema(WEATHER) }) };
      const { toolCalls, finishReason } = await ai.generateText({ ...base, maxOutputTokens: 120, tools, toolChoice: 'required' });
      expect([toolCalls[0]?.toolName, finishReason]).toEqual(['weather', 'tool-calls']);
      expect(toolCalls[0]?.input).toEqual({ city: expect.stringMatching(/^(?:Rome|Oslo)$/) });
    });

    it('hears refusals, and aborts', async () => {
      const { ai, base, cancelled } = await open();
      await expect(ai.generateText({ ...base, prompt: 'x'.repeat(2000) })).rejects.toMatchObject({ statusCode: 400 });
      const abort = new AbortController();
      const stream = ai.streamText({ ...base, maxOutputTokens: 900, abortSignal: abort.signal });
      for await (const _ of stream.textStream) abort.abort();
      await expect.poll(() => cancelled.length).toBe(1);
    });
  });

  describe("LangChain's ChatOpenAI", () => {
    interface Message {
      readonly content: string;
      readonly tool_calls?: readonly { readonly name: string; readonly args: Record<string, unknown> }[];
      readonly response_metadata: Record<string, unknown>;
    }
    interface Chat {
      invoke(input: string, options?: object): Promise<Message>;
      stream(input: string, options?: object): Promise<AsyncIterable<Message>>;
      bindTools(tools: object[], options: object): Chat;
      withStructuredOutput(schema: object, options: object): { invoke(input: string): Promise<Record<string, unknown>> };
      generate(messages: unknown[][]): Promise<{ generations: unknown[][] }>;
    }

    async function open() {
      const parts = await setUp();
      const { ChatOpenAI } = await importTool<{ ChatOpenAI: new (options: object) => Chat }>('@langchain/openai');
      const chat = (options: object = {}) =>
        new ChatOpenAI({
          model: 'pol-gpt',
          apiKey: 'none',
          maxTokens: 12,
          temperature: 0.8,
          maxRetries: 0,
          modelKwargs: { seed: 1 },
          configuration: { baseURL: parts.baseURL, fetch: parts.fetch },
          ...options,
        });
      return { ...parts, chat };
    }

    it('streams what it answers whole; stops; tells log-probabilities; makes several choices', async () => {
      const { chat } = await open();
      const whole = await chat().invoke('Hi');
      let text = '';
      for await (const piece of await chat().stream('Hi')) text += piece.content;
      expect(text).toBe(whole.content);
      const stop = [...whole.content].find((character, i) => i > 0 && character !== '\uFFFD') as string;
      expect((await chat().invoke('Hi', { stop: [stop] })).content).toBe(whole.content.slice(0, whole.content.indexOf(stop)));
      const told = await chat({ logprobs: true, topLogprobs: 2 }).invoke('Hi');
      expect((told.response_metadata.logprobs as { content: unknown[] }).content).toHaveLength(12);
      const { HumanMessage } = await importTool<{ HumanMessage: new (text: string) => unknown }>('@langchain/core/messages');
      expect((await chat({ n: 2 }).generate([[new HumanMessage('Hi')]])).generations[0]).toHaveLength(2);
    });

    it('makes objects of a schema, and calls tools', async () => {
      const { chat } = await open();
      const person = await chat({ maxTokens: 200 })
        .withStructuredOutput(PERSON, { name: 'person', method: 'jsonSchema', strict: true })
        .invoke('Hi');
      expect(Object.keys(person)).toEqual(['name', 'age']);
      const { tool_calls: calls } = await chat({ maxTokens: 120 }).bindTools([TOOL], { tool_choice: 'required' }).invoke('Hi');
      expect(calls?.[0]?.name).toBe('weather');
      expect(['Rome', 'Oslo']).toContain(calls?.[0]?.args.city);
    });

    it('hears refusals, and aborts', async () => {
      const { chat, cancelled } = await open();
      await expect(chat().invoke('x'.repeat(2000))).rejects.toMatchObject({ status: 400 });
      const abort = new AbortController();
      await expect(
        (async () => {
          for await (const _ of await chat({ maxTokens: 900 }).stream('Hi', { signal: abort.signal })) abort.abort();
        })(),
      ).rejects.toThrow();
      await expect.poll(() => cancelled.length).toBe(1);
    });
  });
});
