import { z } from 'zod';
import type { Grammar, SamplingOptions } from '../../chain/view.ts';
import { DEFAULT_MAX_COMPLETION_TOKENS, MAX_TOOLS, MAX_TOP_LOGPROBS } from '../limits.ts';
import type { ChatMessage, ChatTemplate, ChatTool } from './chat-template.ts';
import { invalidField, parseBody, refuseFields } from './parse.ts';
import { generationFields, samplingOf, stopsOf } from './sampling-fields.ts';
import { callGrammar } from './tool-calls.ts';

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const content = z.union([z.string(), z.array(textPart)]);

const messageSchema = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: content.nullish(),
  tool_call_id: z.string().optional(),
  tool_calls: z.array(z.object({ id: z.string().optional(), function: z.object({ name: z.string(), arguments: z.string() }) })).nullish(),
});

const toolName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'letters, digits, dot, dash and underscore, at most 64');

export const toolSchema = z.object({
  type: z.literal('function', 'only tools of type "function" are supported'),
  function: z.object({
    name: toolName,
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});

export const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
]);

const responseFormatSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({ type: z.literal('json_schema'), json_schema: z.object({ name: z.string(), schema: z.unknown().optional() }) }),
]);

/** The fields understood. Others are refused when they would change the answer, and ignored when they would not. */
const requestSchema = z.object({
  ...generationFields,
  messages: z.array(messageSchema).min(1),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.number().int().min(0).max(MAX_TOP_LOGPROBS).nullish(),
  response_format: responseFormatSchema.nullish(),
  tools: z.array(toolSchema).max(MAX_TOOLS).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
});

const UNSUPPORTED = ['functions', 'function_call', 'audio', 'web_search_options'];

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** The field that messages come from, and whether the oldest may be left out of a conversation that is too long. */
  readonly history: { readonly field: string; readonly mayDrop: boolean };
  readonly maxTokens: number;
  readonly sampling: SamplingOptions;
  readonly seed: number | undefined;
  readonly stop: readonly string[];
  readonly choices: number;
  readonly logprobs: number | undefined;
  readonly grammar: Grammar | undefined;
  /** Told to the model; its answers are then searched for calls. */
  readonly tools: readonly ChatTool[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** @throws API_INVALID_REQUEST naming the field */
export function parseChatRequest(body: unknown, template: ChatTemplate): ChatRequest {
  const fields = parseBody(requestSchema, body);
  refuseFields(body, UNSUPPORTED);
  const tools = (fields.tools ?? []).map(toolOf);
  const { tools: offered, grammar: calls } = chooseTools(tools, fields.tool_choice ?? undefined, template);
  const wanted = [calls, formatGrammar(fields.response_format ?? undefined), regexGrammar(fields.guided_regex ?? undefined)].filter(
    (grammar) => grammar !== undefined,
  );
  if (wanted.length > 1) throw invalidField('response_format', 'tool_choice, response_format and guided_regex each bind the whole answer');
  if (fields.top_logprobs && !fields.logprobs) throw invalidField('top_logprobs', 'needs logprobs: true');
  return {
    model: fields.model,
    messages: fields.messages.map(messageOfField),
    history: { field: 'messages', mayDrop: true },
    maxTokens: fields.max_completion_tokens ?? fields.max_tokens ?? DEFAULT_MAX_COMPLETION_TOKENS,
    sampling: samplingOf(fields),
    seed: fields.seed ?? undefined,
    stop: stopsOf(fields.stop),
    choices: fields.n ?? 1,
    logprobs: fields.logprobs ? (fields.top_logprobs ?? 0) : undefined,
    grammar: wanted[0],
    tools: offered,
    stream: fields.stream ?? false,
    includeUsage: fields.stream_options?.include_usage ?? false,
  };
}

export function toolOf({ type, function: { strict, ...described } }: z.infer<typeof toolSchema>): ChatTool {
  const { name, description, parameters } = described;
  return {
    type,
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(strict === true ? { strict } : {}),
    },
  };
}

/** The tools that the model is told of, and what its answer is bound to by the choice. */
export function chooseTools(
  tools: readonly ChatTool[],
  choice: z.infer<typeof toolChoiceSchema> | undefined,
  template: ChatTemplate,
): { readonly tools: readonly ChatTool[]; readonly grammar: Grammar | undefined } {
  if (tools.length === 0) {
    if (choice !== undefined && choice !== 'none' && choice !== 'auto')
      throw invalidField('tool_choice', 'there are no tools to choose from');
    return { tools, grammar: undefined };
  }
  if (!template.hasTools) throw invalidField('tools', 'the chat template of this model has no place for tools');
  if (choice === 'none') return { tools: [], grammar: undefined };
  if (choice === undefined || choice === 'auto') return { tools, grammar: undefined };
  if (choice === 'required') return { tools, grammar: callGrammar(tools) };
  const named = tools.filter((tool) => tool.function.name === choice.function.name);
  if (named.length === 0) throw invalidField('tool_choice', `there is no tool named "${choice.function.name.slice(0, 64)}"`);
  return { tools, grammar: callGrammar(named) };
}

function formatGrammar(format: z.infer<typeof responseFormatSchema> | undefined): Grammar | undefined {
  if (format === undefined || format.type === 'text') return undefined;
  if (format.type === 'json_object') return { json: { type: 'object' } };
  return { json: format.json_schema.schema ?? { type: 'object' } };
}

const regexGrammar = (regex: string | undefined): Grammar | undefined => (regex === undefined ? undefined : { regex });

function messageOfField({ role, content: value, tool_calls: calls, tool_call_id: id }: z.infer<typeof messageSchema>): ChatMessage {
  return {
    role,
    content: typeof value === 'string' ? value : (value ?? []).map((part) => part.text).join(''),
    ...(calls ? { tool_calls: calls.map((call) => ({ function: call.function, ...(call.id === undefined ? {} : { id: call.id }) })) } : {}),
    ...(id === undefined ? {} : { tool_call_id: id }),
  };
}
