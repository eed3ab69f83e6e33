import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CompletionEvent, NodeView } from '../../chain/view.ts';
import { toHex } from '../../primitives/bytes.ts';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import { apiError } from '../errors.ts';
import { type ChatRequest, parseChatRequest } from './chat-request.ts';
import { renderChat, TURN_STOP } from './chat-template.ts';
import { openAiErrorBody } from './errors.ts';
import { MODEL_ID, requireModel } from './models.ts';

type End = Extract<CompletionEvent, { type: 'end' }>;

/** POST /v1/chat/completions, whole or as server-sent events. */
export async function chatCompletions(view: NodeView, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const chat = parseChatRequest(request.body);
  requireModel(chat.model);
  const prompt = await fitPrompt(view, chat);
  const cancel = new AbortController();
  reply.raw.once('close', () => cancel.abort());
  const events = view.completions.complete({
    prompt,
    maxTokens: Math.min(chat.maxTokens, view.completions.contextLength - prompt.length),
    temperature: chat.temperature,
    topP: chat.topP,
    seed: chat.seed,
    stop: [...chat.stop, TURN_STOP],
    signal: cancel.signal,
  });
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: MODEL_ID };
  if (chat.stream) {
    reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-cache');
    return reply.send(Readable.from(serverSentEvents(events, chat, head, prompt.length)));
  }
  let text = '';
  for await (const event of events) {
    if (event.type === 'text') text += event.text;
    else return whole(head, text, prompt.length, event);
  }
  throw apiError('API_CANCELLED', 'the answer was cut off');
}

/**
 * Drops the oldest turns of a conversation that is too long, as a chat does; a last message too long by itself is refused.
 * Begins with the newest, so that a long history costs no more than what of it fits.
 */
async function fitPrompt(view: NodeView, chat: ChatRequest): Promise<readonly number[]> {
  const { contextLength } = view.completions;
  const room = contextLength - Math.min(chat.maxTokens, Math.floor(contextLength / 2));
  let fitting = await view.completions.encode(renderChat(chat.messages.slice(-1)));
  if (fitting.length >= contextLength) {
    throw apiError(
      'API_CONTEXT_LENGTH',
      `messages: the last message has ${fitting.length} tokens; the model's context is ${contextLength}`,
      {
        data: { param: 'messages' },
      },
    );
  }
  for (let from = chat.messages.length - 2; from >= 0; from--) {
    const longer = await view.completions.encode(renderChat(chat.messages.slice(from)));
    if (longer.length > room) break;
    fitting = longer;
  }
  return fitting;
}

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

const usage = (promptTokens: number, end: End) => ({
  prompt_tokens: promptTokens,
  completion_tokens: end.completionTokens,
  total_tokens: promptTokens + end.completionTokens,
});

/** Which model answered: the settled model's root and round, so that an answer can be traced to its training. */
const lineage = (end: End) => ({ system_fingerprint: `round-${end.round}-${toHex(end.modelRoot).slice(2, 18)}` });

function whole(head: Head, text: string, promptTokens: number, end: End) {
  return {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: end.reason }],
    usage: usage(promptTokens, end),
    ...lineage(end),
  };
}

async function* serverSentEvents(events: AsyncIterable<CompletionEvent>, chat: ChatRequest, head: Head, promptTokens: number) {
  const chunk = (delta: object, reason: string | null, more: object = {}) =>
    line({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
      ...(chat.includeUsage ? { usage: null } : {}),
      ...more,
    });
  yield chunk({ role: 'assistant', content: '', refusal: null }, null);
  try {
    for await (const event of events) {
      if (event.type === 'text') {
        yield chunk({ content: event.text }, null);
        continue;
      }
      yield chunk({}, event.reason, lineage(event));
      if (chat.includeUsage) {
        yield line({ ...head, object: 'chat.completion.chunk', choices: [], usage: usage(promptTokens, event) });
      }
    }
    yield 'data: [DONE]\n\n';
  } catch (error) {
    // The status line is gone already; the stream itself carries the error, as OpenAI's does.
    yield line(openAiErrorBody(isPolError(error) ? error.http : 500, isPolError(error) ? error.code : 'API_INTERNAL', messageOf(error)));
  }
}

const line = (document: object) => `data: ${JSON.stringify(document)}\n\n`;
