import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DEFAULT_LEGACY_COMPLETION_TOKENS, MAX_CHOICES, MAX_LEGACY_LOGPROBS } from '../limits.ts';
import {
  type AnswerEnd,
  type AnswerEvent,
  collectAnswers,
  fingerprint,
  lineage,
  type PlannedAnswer,
  signalOf,
  startAnswers,
  usageBody,
  usageOf,
} from './answers.ts';
import type { Planner } from './chat-plan.ts';
import type { OpenAiContext } from './context.ts';
import { blamingGrammar } from './grammar-field.ts';
import { legacyLogprobs } from './logprobs.ts';
import { MODEL_ID, requireModel } from './models.ts';
import { invalidField, parseBody, refuseFields } from './parse.ts';
import { generationFields, samplingOf, stopsOf } from './sampling-fields.ts';
import { sendEvents } from './sse.ts';

const token = z.number().int().min(0);

const requestSchema = z.object({
  ...generationFields,
  prompt: z.union([z.string(), z.array(z.string()).min(1), z.array(token).min(1), z.array(z.array(token).min(1)).min(1)]),
  max_tokens: z.number().int().min(0).nullish(),
  logprobs: z.number().int().min(0).max(MAX_LEGACY_LOGPROBS).nullish(),
  echo: z.boolean().nullish(),
  best_of: z.number().int().min(1).nullish(),
});

/** A decoder-only model continues; it cannot fill in before a suffix. */
const UNSUPPORTED = ['suffix'];

export interface CompletionFields {
  readonly fields: z.infer<typeof requestSchema>;
  readonly choices: number;
}

/** @throws API_INVALID_REQUEST naming the field */
export function parseCompletionRequest(body: unknown): CompletionFields {
  const fields = parseBody(requestSchema, body);
  refuseFields(body, UNSUPPORTED);
  const choices = fields.n ?? 1;
  if (fields.best_of != null && fields.best_of !== choices) throw invalidField('best_of', 'must be n: answers are not ranked');
  return { fields, choices };
}

/** The answers that a request asks for: all choices of the first prompt, then of the next. */
export async function planCompletion({ fields, choices }: CompletionFields, planner: Planner): Promise<readonly PlannedAnswer[]> {
  const prompts = await promptsOf(fields.prompt, planner);
  if (prompts.length * choices > MAX_CHOICES) throw invalidField('prompt', `at most ${MAX_CHOICES} answers a request`);
  const maxTokens = fields.max_tokens ?? DEFAULT_LEGACY_COMPLETION_TOKENS;
  return prompts.flatMap((prompt) =>
    Array.from({ length: choices }, (_, choice) => ({
      prompt,
      maxTokens,
      ...samplingOf(fields),
      seed: fields.seed ?? undefined,
      choice,
      stop: stopsOf(fields.stop),
      grammar: fields.guided_regex ? { regex: fields.guided_regex } : undefined,
      logprobs: fields.logprobs ?? undefined,
      promptLogprobs: fields.echo === true && fields.logprobs != null,
    })),
  );
}

async function promptsOf(prompt: z.infer<typeof requestSchema>['prompt'], { encode }: Planner): Promise<readonly (readonly number[])[]> {
  if (typeof prompt === 'string') return [await encode(prompt)];
  if (typeof prompt[0] === 'number') return [prompt as number[]];
  return Promise.all((prompt as readonly (string | number[])[]).map(async (one) => (typeof one === 'string' ? encode(one) : one)));
}

/** POST /v1/completions, whole or as server-sent events. */
export async function completions(context: OpenAiContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const service = context.completions;
  const parsed = parseCompletionRequest(request.body);
  const { fields, choices } = parsed;
  requireModel(fields.model);
  const planned = await planCompletion(parsed, service);
  const prompts = planned.filter((_, i) => i % choices === 0).map(({ prompt }) => prompt);
  const echoes = fields.echo ? await Promise.all(planned.map(({ prompt }) => service.decode(prompt))) : planned.map(() => '');
  const firstTokens = fields.echo ? await Promise.all(planned.map(({ prompt }) => service.decode(prompt.slice(0, 1)))) : [];
  const events = await blamingGrammar('guided_regex', () => startAnswers(service, planned, signalOf(reply)));
  const head = { id: `cmpl-${randomUUID()}`, object: 'text_completion', created: Math.floor(Date.now() / 1000), model: MODEL_ID };
  const account = (ends: readonly AnswerEnd[]) => {
    const usage = usageOf(prompts, ends);
    context.spent(request, usage.promptTokens + usage.completionTokens);
    return usageBody(usage);
  };
  const hasLogprobs = fields.logprobs != null;
  if (fields.stream) {
    return sendEvents(
      reply,
      chunks(events, { head, echoes, firstTokens, hasLogprobs, includeUsage: fields.stream_options?.include_usage ?? false }, account),
    );
  }
  const answers = await collectAnswers(events, planned.length);
  return {
    ...head,
    choices: answers.map(({ text, prompt, tokens, end }, index) => ({
      index,
      text: `${echoes[index]}${text}`,
      logprobs: hasLogprobs ? legacyLogprobs([...prompt, ...tokens], 0, firstTokens[index]) : null,
      finish_reason: end.reason,
    })),
    usage: account(answers.map(({ end }) => end)),
    system_fingerprint: fingerprint((answers[0] as { end: AnswerEnd }).end),
    pol: { answers: answers.map(({ end }, index) => lineage(index, end)) },
  };
}

async function* chunks(
  events: AsyncIterable<AnswerEvent>,
  parts: {
    readonly head: object;
    readonly echoes: readonly string[];
    readonly firstTokens: readonly string[];
    readonly hasLogprobs: boolean;
    readonly includeUsage: boolean;
  },
  account: (ends: readonly AnswerEnd[]) => object,
) {
  const { head, echoes, firstTokens, hasLogprobs, includeUsage } = parts;
  const offsets = echoes.map((echo) => echo.length);
  const ends: AnswerEnd[] = [];
  const chunk = (index: number, text: string, logprobs: object | null, reason: string | null, more: object = {}) => ({
    ...head,
    choices: [{ index, text, logprobs, finish_reason: reason }],
    ...(includeUsage ? { usage: null } : {}),
    ...more,
  });
  if (!hasLogprobs) for (const [index, echo] of echoes.entries()) if (echo !== '') yield chunk(index, echo, null, null);
  for await (const { index, event } of events) {
    if (event.type === 'end') {
      ends.push(event);
      yield chunk(index, '', null, event.reason, { system_fingerprint: fingerprint(event), pol: { answers: [lineage(index, event)] } });
    } else if (event.type === 'prompt') {
      yield chunk(index, echoes[index] as string, legacyLogprobs(event.tokens, 0, firstTokens[index]), null);
    } else {
      yield chunk(index, event.text, hasLogprobs ? legacyLogprobs(event.tokens, offsets[index] as number) : null, null);
      offsets[index] = (offsets[index] as number) + event.text.length;
    }
  }
  const usage = account(ends);
  if (includeUsage) yield { ...head, choices: [], usage };
}
