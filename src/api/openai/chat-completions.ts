import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type Answer,
  type AnswerEnd,
  type AnswerEvent,
  collectAnswers,
  fingerprint,
  lineage,
  signalOf,
  startAnswers,
  usageBody,
  usageOf,
} from './answers.ts';
import { planChat } from './chat-plan.ts';
import { type ChatRequest, parseChatRequest } from './chat-request.ts';
import type { OpenAiContext } from './context.ts';
import { blamingGrammar } from './grammar-field.ts';
import { chatLogprobs } from './logprobs.ts';
import { MODEL_ID, requireModel } from './models.ts';
import { sendEvents } from './sse.ts';
import { type CallSplitter, createCallSplitter, parseToolCalls, type ToolCall } from './tool-calls.ts';

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** POST /v1/chat/completions, whole or as server-sent events. */
export async function chatCompletions(context: OpenAiContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { completions, template, spent } = context;
  const chat = parseChatRequest(request.body, template);
  requireModel(chat.model);
  const planned = await planChat(chat, template, completions);
  const prompts = planned.slice(0, 1).map(({ prompt }) => prompt);
  const events = await blamingGrammar('response_format', () => startAnswers(completions, planned, signalOf(reply)));
  const head: Head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: MODEL_ID };
  const account = (ends: readonly AnswerEnd[]) => {
    const usage = usageOf(prompts, ends);
    spent(request, usage.promptTokens + usage.completionTokens);
    return usageBody(usage);
  };
  if (chat.stream) return sendEvents(reply, chunks(events, chat, head, account));
  const answers = await collectAnswers(events, planned.length);
  return whole(head, answers, chat, account(answers.map(({ end }) => end)));
}

function whole(head: Head, answers: readonly Answer[], chat: ChatRequest, usage: object) {
  return {
    ...head,
    object: 'chat.completion',
    choices: answers.map(({ text, tokens, end }, index) => {
      const { content, calls } = chat.tools.length === 0 ? { content: text, calls: [] } : parseToolCalls(text);
      return {
        index,
        message: {
          role: 'assistant',
          content: content === '' && calls.length > 0 ? null : content,
          refusal: null,
          ...(calls.length > 0 ? { tool_calls: calls.map(callBody) } : {}),
        },
        logprobs: chat.logprobs === undefined ? null : chatLogprobs(tokens),
        finish_reason: finishReason(end, calls),
      };
    }),
    usage,
    system_fingerprint: fingerprint((answers[0] as Answer).end),
    pol: { answers: answers.map(({ end }, index) => lineage(index, end)) },
  };
}

const callBody = (call: ToolCall) => ({ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } });

/** A call that was cut off was not finished. */
function finishReason(end: AnswerEnd, calls: readonly ToolCall[]) {
  return calls.length > 0 && end.reason === 'stop' ? 'tool_calls' : end.reason;
}

async function* chunks(events: AsyncIterable<AnswerEvent>, chat: ChatRequest, head: Head, account: (ends: readonly AnswerEnd[]) => object) {
  const chunk = (index: number, delta: object, reason: string | null, logprobs: object | null = null, more: object = {}) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index, delta, logprobs, finish_reason: reason }],
    ...(chat.includeUsage ? { usage: null } : {}),
    ...more,
  });
  const splitters = Array.from({ length: chat.choices }, () => createCallSplitter(chat.tools.length > 0));
  const ends: AnswerEnd[] = [];
  for (let index = 0; index < chat.choices; index++) yield chunk(index, { role: 'assistant', content: '', refusal: null }, null);
  for await (const { index, event } of events) {
    if (event.type === 'prompt') continue;
    if (event.type === 'text') {
      const logprobs = chat.logprobs === undefined ? null : chatLogprobs(event.tokens);
      const text = (splitters[index] as CallSplitter).push(event.text);
      if (text !== '' || event.tokens.length > 0) yield chunk(index, { content: text }, null, logprobs);
      continue;
    }
    ends.push(event);
    const { content, calls } = (splitters[index] as CallSplitter).end();
    if (content !== '') yield chunk(index, { content }, null);
    for (const [at, call] of calls.entries()) yield chunk(index, { tool_calls: [{ index: at, ...callBody(call) }] }, null);
    yield chunk(index, {}, finishReason(event, calls), null, {
      system_fingerprint: fingerprint(event),
      pol: { answers: [lineage(index, event)] },
    });
  }
  const usage = account(ends);
  if (chat.includeUsage) yield { ...head, object: 'chat.completion.chunk', choices: [], usage };
}
