/** OpenAI's words for codes of ours that its clients know. */
const OPENAI_CODES: Readonly<Record<string, string>> = {
  API_CONTEXT_LENGTH: 'context_length_exceeded',
  INFERENCE_PROMPT_LENGTH: 'context_length_exceeded',
  INFERENCE_BUSY: 'rate_limit_exceeded',
};

/** What an error tells beside its message. */
export interface OpenAiErrorFacts {
  /** The field at fault. */
  readonly param?: string;
  /** OpenAI's code and type, where they are others than the tables'. */
  readonly openAiCode?: string | null;
  readonly openAiType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function typeOf(status: number): string {
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** OpenAI's error body: all four keys are required; `param` and `code` may be null. */
export function openAiErrorBody(status: number, code: string, message: string, facts: unknown = undefined) {
  const { param = null, openAiCode, openAiType } = (facts ?? {}) as OpenAiErrorFacts;
  return {
    error: {
      message,
      type: openAiType ?? typeOf(status),
      param,
      code: openAiCode === undefined ? (OPENAI_CODES[code] ?? code) : openAiCode,
    },
  };
}
