/** OpenAI's error body: all four keys are required; `param` and `code` may be null. */
export function openAiErrorBody(status: number, code: string | null, message: string, param: string | null = null) {
  return { error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param, code } };
}
