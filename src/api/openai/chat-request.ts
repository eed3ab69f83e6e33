import { z } from 'zod';
import { apiError } from '../errors.ts';
import { DEFAULT_MAX_COMPLETION_TOKENS, MAX_STOP_SEQUENCES } from '../limits.ts';
import type { ChatMessage } from './chat-template.ts';

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const content = z.union([z.string(), z.array(textPart)]);

const messageSchema = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: content.nullish(),
});

/** The fields understood. Others are refused when they would change the answer, and ignored when they would not. */
const requestSchema = z.object({
  model: z.string(),
  messages: z.array(messageSchema).min(1),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.number().int().nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(MAX_STOP_SEQUENCES)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  n: z.literal(1, 'only one choice (n = 1) is supported').nullish(),
});

/** Options of OpenAI's that change the answer and are not there yet. */
const UNSUPPORTED = [
  'tools',
  'functions',
  'response_format',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'frequency_penalty',
  'presence_penalty',
  'audio',
];

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number | undefined;
  readonly stop: readonly string[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** @throws API_INVALID_REQUEST naming the field */
export function parseChatRequest(body: unknown): ChatRequest {
  const parsed = requestSchema.safeParse(body ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = issue?.path.join('.') || 'body';
    throw apiError('API_INVALID_REQUEST', `${param}: ${issue?.message ?? 'invalid'}`, { data: { param } });
  }
  const raw = body as Record<string, unknown>;
  const unsupported = UNSUPPORTED.find((field) => isSet(raw[field]));
  if (unsupported !== undefined) {
    throw apiError('API_INVALID_REQUEST', `${unsupported}: not supported by this node`, { data: { param: unsupported } });
  }
  const fields = parsed.data;
  return {
    model: fields.model,
    messages: fields.messages.map(({ role, content: value }) => ({
      role,
      content: typeof value === 'string' ? value : (value ?? []).map((part) => part.text).join(''),
    })),
    maxTokens: fields.max_completion_tokens ?? fields.max_tokens ?? DEFAULT_MAX_COMPLETION_TOKENS,
    temperature: fields.temperature ?? 1,
    topP: fields.top_p ?? 1,
    seed: fields.seed ?? undefined,
    stop: typeof fields.stop === 'string' ? [fields.stop] : (fields.stop ?? []),
    stream: fields.stream ?? false,
    includeUsage: fields.stream_options?.include_usage ?? false,
  };
}

/** A value that asks for something: clients send false, 0, null and empty lists for "no". */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return (value as { type?: unknown }).type !== 'text' && Object.keys(value).length > 0;
  return true;
}
