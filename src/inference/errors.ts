import { errorDomain } from '../primitives/errors.ts';

export const inferenceError = errorDomain({
  INFERENCE_CANCELLED: { explanation: 'The client went away before the answer was complete.', http: 499 },
  INFERENCE_PROMPT_LENGTH: { explanation: 'The prompt is empty or does not fit the context.', http: 400, jsonRpc: -32602 },
});
