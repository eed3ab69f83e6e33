import { type AnswerEnd, fingerprint, lineage, type Usage } from './answers.ts';
import { MODEL_ID } from './models.ts';
import type { ResponseFields } from './responses-request.ts';

export interface ResponseHead {
  readonly id: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly fields: ResponseFields;
}

/** The object `response`, while it is made. */
export function responseBody({ id, createdAt, fields }: ResponseHead, output: readonly object[] = []) {
  return {
    id,
    object: 'response',
    created_at: createdAt,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: fields.instructions ?? null,
    max_output_tokens: fields.max_output_tokens ?? null,
    model: MODEL_ID,
    output,
    parallel_tool_calls: false,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: fields.temperature ?? 1,
    text: { format: fields.text?.format ?? { type: 'text' } },
    tool_choice: fields.tool_choice ?? 'auto',
    tools: (fields.tools ?? []).map((tool) => ({ ...tool, parameters: tool.parameters ?? null, strict: tool.strict ?? null })),
    top_logprobs: fields.top_logprobs ?? 0,
    top_p: fields.top_p ?? 1,
    truncation: fields.truncation ?? 'disabled',
    metadata: fields.metadata ?? {},
  };
}

/** The same, when the answer has ended: whole, or cut off by max_output_tokens. */
export function endedResponse(head: ResponseHead, output: readonly object[], end: AnswerEnd, usage: Usage) {
  const isWhole = end.reason === 'stop';
  return {
    ...responseBody(head, output),
    status: isWhole ? 'completed' : 'incomplete',
    completed_at: isWhole ? Math.floor(Date.now() / 1000) : null,
    incomplete_details: isWhole ? null : { reason: 'max_output_tokens' },
    usage: {
      input_tokens: usage.promptTokens,
      input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: 0 },
      output_tokens: usage.completionTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.promptTokens + usage.completionTokens,
    },
    system_fingerprint: fingerprint(end),
    pol: { answers: [lineage(0, end)] },
  };
}
