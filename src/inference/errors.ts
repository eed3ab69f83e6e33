import { errorDomain } from '../primitives/errors.ts';

export const inferenceError = errorDomain({
  INFERENCE_CANCELLED: { explanation: 'The client went away before the answer was complete.', http: 499 },
  INFERENCE_BUSY: { explanation: 'Too many answers are waited for.', http: 429 },
  INFERENCE_WEIGHTS_GONE: { explanation: 'The weights’ file was replaced by a newer model’s before it was read.', http: 503 },
  INFERENCE_WEIGHTS_WRONG: { explanation: 'The weights’ file does not have the model’s size.', http: 503 },
  INFERENCE_PROMPT_LENGTH: { explanation: 'The prompt is empty or does not fit the context.', http: 400, jsonRpc: -32602 },
  INFERENCE_TOKEN_INVALID: { explanation: 'A token of the request is outside the vocabulary.', http: 400, jsonRpc: -32602 },
  INFERENCE_GRAMMAR_INVALID: {
    explanation: 'The schema or regular expression that constrains an answer is not supported.',
    http: 400,
    jsonRpc: -32602,
  },
});
