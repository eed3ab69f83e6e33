import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TokenReport } from '../../chain/view.ts';
import { type AnswerEnd, type AnswerEvent, signalOf, startAnswers, type Usage, usageOf } from './answers.ts';
import { planChat } from './chat-plan.ts';
import type { OpenAiContext } from './context.ts';
import { blamingGrammar } from './grammar-field.ts';
import { responseLogprobs } from './logprobs.ts';
import { requireModel } from './models.ts';
import { endedResponse, type ResponseHead, responseBody } from './response-body.ts';
import { parseResponseRequest } from './responses-request.ts';
import { streamError } from './sse.ts';
import { createCallSplitter, type ToolCall } from './tool-calls.ts';

const newId = (kind: string): string => `${kind}_${randomUUID().replaceAll('-', '')}`;

interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** POST /v1/responses, whole or as server-sent events. Answers are not stored. */
export async function responses(context: OpenAiContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { completions, template, spent } = context;
  const { fields, chat } = parseResponseRequest(request.body, template);
  requireModel(chat.model);
  const planned = await planChat(chat, template, completions);
  const events = await blamingGrammar('text.format', () => startAnswers(completions, planned, signalOf(reply)));
  const head: ResponseHead = { id: newId('resp'), createdAt: Math.floor(Date.now() / 1000), fields };
  const account = (end: AnswerEnd): Usage => {
    const usage = usageOf([planned[0]?.prompt ?? []], [end]);
    spent(request, usage.promptTokens + usage.completionTokens);
    return usage;
  };
  const stream = responseEvents(events, { head, hasTools: chat.tools.length > 0, account });
  if (chat.stream) {
    reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-cache');
    return reply.send(Readable.from(numbered(stream)));
  }
  let last: StreamEvent | undefined;
  for await (const event of stream) last = event;
  return last?.response;
}

/** As server-sent events with their names; an error is an event, too. */
async function* numbered(events: AsyncIterable<StreamEvent>) {
  let number = 0;
  const line = ({ type, ...event }: StreamEvent) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...event, sequence_number: number++ })}\n\n`;
  try {
    for await (const event of events) yield line(event);
  } catch (error) {
    const { code, message, param } = streamError(error).error;
    yield line({ type: 'error', code, message, param });
  }
}

/** Everything that happens to a response, from its creation to its end: a message where there is text, then the calls of functions. */
async function* responseEvents(
  events: AsyncIterable<AnswerEvent>,
  parts: { readonly head: ResponseHead; readonly hasTools: boolean; readonly account: (end: AnswerEnd) => Usage },
): AsyncGenerator<StreamEvent> {
  const { head, hasTools, account } = parts;
  const splitter = createCallSplitter(hasTools);
  const message = createMessage();
  yield { type: 'response.created', response: responseBody(head) };
  yield { type: 'response.in_progress', response: responseBody(head) };
  for await (const { event } of events) {
    if (event.type === 'prompt') continue;
    if (event.type === 'text') {
      yield* message.add(splitter.push(event.text), event.tokens);
      continue;
    }
    const { content, calls } = splitter.end();
    yield* message.add(content, []);
    const status = event.reason === 'stop' ? 'completed' : 'incomplete';
    // A response has something in it, even where the model said nothing.
    const output: object[] = [];
    if (message.isOpen || calls.length === 0) {
      yield* message.open();
      yield* message.close(status);
      output.push(message.item(status));
    }
    for (const call of calls) {
      const item = callItem(call, status);
      yield* callEvents(item, output.length);
      output.push(item);
    }
    const type = status === 'completed' ? 'response.completed' : 'response.incomplete';
    yield { type, response: endedResponse(head, output, event, account(event)) };
  }
}

function createMessage() {
  const place = { item_id: newId('msg'), output_index: 0, content_index: 0 };
  let text = '';
  let tokens: TokenReport[] = [];
  let isOpen = false;
  const part = () => ({ type: 'output_text', text, annotations: [], logprobs: responseLogprobs(tokens) });
  const item = (status: string) => ({
    id: place.item_id,
    type: 'message',
    role: 'assistant',
    status,
    content: status === 'in_progress' ? [] : [part()],
  });
  const message = {
    get isOpen() {
      return isOpen;
    },
    item,
    *open(): Generator<StreamEvent> {
      if (isOpen) return;
      isOpen = true;
      yield { type: 'response.output_item.added', output_index: 0, item: item('in_progress') };
      yield { type: 'response.content_part.added', ...place, part: part() };
    },
    *add(delta: string, more: readonly TokenReport[]): Generator<StreamEvent> {
      if (delta === '') return;
      yield* message.open();
      text += delta;
      tokens = [...tokens, ...more];
      yield { type: 'response.output_text.delta', ...place, delta, logprobs: responseLogprobs(more) };
    },
    *close(status: string): Generator<StreamEvent> {
      yield { type: 'response.output_text.done', ...place, text, logprobs: responseLogprobs(tokens) };
      yield { type: 'response.content_part.done', ...place, part: part() };
      yield { type: 'response.output_item.done', output_index: 0, item: item(status) };
    },
  };
  return message;
}

const callItem = (call: ToolCall, status: string) => ({
  id: newId('fc'),
  type: 'function_call',
  call_id: call.id,
  name: call.name,
  arguments: call.arguments,
  status,
});

function* callEvents(item: ReturnType<typeof callItem>, index: number): Generator<StreamEvent> {
  const place = { item_id: item.id, output_index: index };
  yield { type: 'response.output_item.added', output_index: index, item: { ...item, arguments: '', status: 'in_progress' } };
  yield { type: 'response.function_call_arguments.delta', ...place, delta: item.arguments };
  yield { type: 'response.function_call_arguments.done', ...place, name: item.name, arguments: item.arguments };
  yield { type: 'response.output_item.done', output_index: index, item };
}
