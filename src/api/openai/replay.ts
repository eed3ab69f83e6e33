import { z } from 'zod';
import type { Operands } from '../../numerics/backend.ts';
import { fromHex } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { PlannedAnswer } from './answers.ts';
import { type Planner, planChat } from './chat-plan.ts';
import { parseChatRequest } from './chat-request.ts';
import type { ChatTemplate } from './chat-template.ts';
import { parseCompletionRequest, planCompletion } from './completions.ts';
import { invalidField, parseBody } from './parse.ts';
import { parseResponseRequest } from './responses-request.ts';
import { parseToolCalls } from './tool-calls.ts';

/** One answer of a recorded response: what it claims, and the plan by which anybody can make it again. */
export interface RecordedAnswer {
  readonly index: number;
  readonly modelRoot: Hash;
  readonly weightsRoot: Hash;
  readonly momentumRoot: Hash;
  readonly round: number;
  readonly operands: Operands;
  readonly tokens: readonly number[];
  readonly plan: PlannedAnswer & { readonly seed: number };
  /** Whether the response shows exactly what these tokens say. */
  shows(text: string): boolean;
}

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const lineageSchema = z.object({
  index: z.number().int().min(0),
  model_root: hash,
  weights_root: hash,
  momentum_root: hash,
  round: z.number().int(),
  seed: z.number(),
  operands: z.enum(['bf16', 'f32']).default('bf16'),
  tokens: z.array(z.number().int().min(0)),
});

const callSchema = z.object({ function: z.object({ name: z.string(), arguments: z.string() }) });
const responseSchema = z.object({
  object: z.enum(['chat.completion', 'text_completion', 'response']),
  choices: z
    .array(
      z.object({
        index: z.number(),
        text: z.string().optional(),
        message: z.object({ content: z.string().nullish(), tool_calls: z.array(callSchema).optional() }).optional(),
      }),
    )
    .optional(),
  output: z.array(z.record(z.string(), z.unknown())).optional(),
  pol: z.object({ answers: z.array(lineageSchema).min(1) }),
});

/**
 * Reads a request and the response to it, and plans its answers again as a node would.
 * @param pair `{ request, response }`, bodies of chat completions, completions or responses that were not streamed
 * @throws API_INVALID_REQUEST naming the field
 */
export async function planRecorded(
  pair: { readonly request: unknown; readonly response: unknown },
  template: ChatTemplate,
  planner: Planner & { decode(tokens: readonly number[]): Promise<string> },
): Promise<readonly RecordedAnswer[]> {
  const response = parseBody(responseSchema, pair.response);
  const planned = await planOf(response.object, pair.request, template, planner);
  const hasTools = (pair.request as { tools?: unknown[] }).tools?.length !== undefined;
  const echoes = (pair.request as { echo?: unknown }).echo === true;
  return Promise.all(
    response.pol.answers.map(async (answer): Promise<RecordedAnswer> => {
      const plan = planned[answer.index];
      if (plan === undefined)
        throw invalidField('response', `the request asks for ${planned.length} answers; there is one numbered ${answer.index}`);
      const echo = echoes ? await planner.decode(plan.prompt) : '';
      return {
        index: answer.index,
        modelRoot: fromHex(answer.model_root, 32),
        weightsRoot: fromHex(answer.weights_root, 32),
        momentumRoot: fromHex(answer.momentum_root, 32),
        round: answer.round,
        operands: answer.operands,
        tokens: answer.tokens,
        plan: { ...plan, seed: answer.seed },
        shows(text) {
          const shown = shownOf(response, answer.index);
          if (shown.calls === undefined) return shown.content === `${echo}${text}`;
          const { content, calls } = hasTools ? parseToolCalls(text) : { content: text, calls: [] };
          return content === shown.content && JSON.stringify(calls.map(bare)) === JSON.stringify(shown.calls.map(bare));
        },
      };
    }),
  );
}

async function planOf(kind: string, request: unknown, template: ChatTemplate, planner: Planner): Promise<readonly PlannedAnswer[]> {
  if (kind === 'chat.completion') return planChat(parseChatRequest(request, template), template, planner);
  if (kind === 'response') return planChat(parseResponseRequest(request, template).chat, template, planner);
  return planCompletion(parseCompletionRequest(request), planner);
}

interface Call {
  readonly name: string;
  readonly arguments: string;
}

const bare = ({ name, arguments: values }: Call): Call => ({ name, arguments: values });

/** What a response shows of one answer; `calls` undefined where its kind has none. */
function shownOf(
  response: z.infer<typeof responseSchema>,
  index: number,
): { readonly content: string; readonly calls: readonly Call[] | undefined } {
  if (response.object === 'response') {
    const output = response.output ?? [];
    const parts = output.flatMap((item) => (Array.isArray(item.content) ? (item.content as { text?: unknown }[]) : []));
    const calls = output.filter((item) => item.type === 'function_call') as unknown as Call[];
    return { content: parts.map(({ text }) => String(text ?? '')).join(''), calls };
  }
  const choice = response.choices?.find((one) => one.index === index);
  if (response.object === 'text_completion') return { content: choice?.text ?? '', calls: undefined };
  return { content: choice?.message?.content ?? '', calls: (choice?.message?.tool_calls ?? []).map((call) => call.function) };
}
