/** OpenAI's words for codes of ours that its clients know. */
const OPENAI_CODES: Readonly<Record<string, string>> = {
  API_CONTEXT_LENGTH: 'context_length_exceeded',
  INFERENCE_BUSY: 'rate_limit_exceeded',
};

function typeOf(status: number): string {
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/**
 * OpenAI's error body: all four keys are required; `param` and `code` may be null.
 * @param facts of the error: `param`, the field at fault, and OpenAI's `code` when it is another than the table's
 */
export function openAiErrorBody(status: number, code: string, message: string, facts: unknown = undefined) {
  const { param = null, openAiCode } = (facts ?? {}) as { readonly param?: string; readonly openAiCode?: string };
  return { error: { message, type: typeOf(status), param, code: openAiCode ?? OPENAI_CODES[code] ?? code } };
}
