import type { CompletionRequest } from '../../chain/view.ts';

/** A request that samples plainly: nothing penalised, cut off or constrained. */
export const PLAIN: Omit<CompletionRequest, 'signal'> = {
  prompt: [72, 105],
  maxTokens: 8,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  seed: 5,
  choice: 0,
  stop: [],
  grammar: undefined,
  logprobs: undefined,
  promptLogprobs: false,
};
