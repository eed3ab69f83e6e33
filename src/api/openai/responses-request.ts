import { z } from 'zod';
import type { Grammar } from '../../chain/view.ts';
import { DEFAULT_MAX_COMPLETION_TOKENS, MAX_TOOLS, MAX_TOP_LOGPROBS } from '../limits.ts';
import { type ChatRequest, chooseTools, toolOf, toolSchema } from './chat-request.ts';
import type { ChatMessage, ChatTemplate } from './chat-template.ts';
import { invalidField, parseBody, refuseFields } from './parse.ts';
import { generationFields, samplingOf } from './sampling-fields.ts';

const textPart = z.object({ type: z.enum(['input_text', 'output_text']), text: z.string() });

const messageSchema = z.object({
  type: z.literal('message').optional(),
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(textPart)]),
});
const callSchema = z.object({ type: z.literal('function_call'), call_id: z.string(), name: z.string(), arguments: z.string() });
const resultSchema = z.object({
  type: z.literal('function_call_output'),
  call_id: z.string(),
  output: z.union([z.string(), z.array(textPart)]),
});

const formatSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({ type: z.literal('json_schema'), name: z.string(), schema: z.record(z.string(), z.unknown()) }).loose(),
]);

const responseToolSchema = z.object({
  type: z.literal('function', 'only tools of type "function" are supported'),
  name: z.string(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

const LOGPROBS = 'message.output_text.logprobs';

const requestSchema = z.object({
  model: generationFields.model,
  temperature: generationFields.temperature,
  top_p: generationFields.top_p,
  seed: generationFields.seed,
  stream: generationFields.stream,
  input: z.union([z.string(), z.array(z.union([messageSchema, callSchema, resultSchema])).min(1)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.number().int().min(1).nullish(),
  text: z.object({ format: formatSchema.nullish() }).nullish(),
  tools: z.array(responseToolSchema).max(MAX_TOOLS).nullish(),
  tool_choice: z.union([z.enum(['none', 'auto', 'required']), z.object({ type: z.literal('function'), name: z.string() })]).nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  include: z.array(z.string()).nullish(),
  top_logprobs: z.number().int().min(0).max(MAX_TOP_LOGPROBS).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});
export type ResponseFields = z.infer<typeof requestSchema>;

/** This node keeps no answers and runs no tools of its own. */
const UNSUPPORTED = ['previous_response_id', 'conversation', 'background', 'prompt'];

/** `seed` is not OpenAI's here, and understood. @throws API_INVALID_REQUEST naming the field */
export function parseResponseRequest(
  body: unknown,
  template: ChatTemplate,
): { readonly fields: ResponseFields; readonly chat: ChatRequest } {
  const fields = parseBody(requestSchema, body);
  refuseFields(body, UNSUPPORTED);
  const tools = (fields.tools ?? []).map(({ type, name, description, parameters, strict }) => {
    const described = {
      type,
      function: { name, strict, ...(description ? { description } : {}), ...(parameters ? { parameters } : {}) },
    };
    return toolOf(parseBody(toolSchema, described));
  });
  const choice = fields.tool_choice ?? undefined;
  const named = typeof choice === 'object' ? { type: choice.type, function: { name: choice.name } } : choice;
  const { tools: offered, grammar: calls } = chooseTools(tools, named, template);
  const format = formatGrammar(fields.text?.format ?? undefined);
  if (calls !== undefined && format !== undefined) throw invalidField('text.format', 'tool_choice binds the whole answer already');
  const wantsLogprobs = fields.include?.includes(LOGPROBS) === true || (fields.top_logprobs ?? 0) > 0;
  const instructions: ChatMessage[] = fields.instructions ? [{ role: 'system', content: fields.instructions }] : [];
  return {
    fields,
    chat: {
      model: fields.model,
      messages: [...instructions, ...messagesOf(fields.input)],
      history: { field: 'input', mayDrop: fields.truncation === 'auto' },
      maxTokens: fields.max_output_tokens ?? DEFAULT_MAX_COMPLETION_TOKENS,
      sampling: samplingOf({ temperature: fields.temperature, top_p: fields.top_p }),
      seed: fields.seed ?? undefined,
      stop: [],
      choices: 1,
      logprobs: wantsLogprobs ? (fields.top_logprobs ?? 0) : undefined,
      grammar: calls ?? format,
      tools: offered,
      stream: fields.stream ?? false,
      includeUsage: true,
    },
  };
}

function formatGrammar(format: z.infer<typeof formatSchema> | undefined): Grammar | undefined {
  if (format === undefined || format.type === 'text') return undefined;
  return { json: format.type === 'json_object' ? { type: 'object' } : format.schema };
}

function messagesOf(input: ResponseFields['input']): readonly ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  return input.map((item): ChatMessage => {
    if ('role' in item) return { role: item.role, content: textOf(item.content) };
    if (item.type === 'function_call') {
      return {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: item.call_id, function: { name: item.name, arguments: item.arguments } }],
      };
    }
    return { role: 'tool', content: textOf(item.output), tool_call_id: item.call_id };
  });
}

function textOf(content: string | readonly z.infer<typeof textPart>[]): string {
  return typeof content === 'string' ? content : content.map((part) => part.text).join('');
}
