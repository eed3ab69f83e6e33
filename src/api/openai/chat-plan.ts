import type { CompletionService } from '../../chain/view.ts';
import { apiError } from '../errors.ts';
import type { PlannedAnswer } from './answers.ts';
import type { ChatRequest } from './chat-request.ts';
import type { ChatTemplate } from './chat-template.ts';

/** What planning needs of the model: a node's service, or a verifier's own tokenizer. */
export type Planner = Pick<CompletionService, 'encode' | 'contextLength'>;

/** The answers that a conversation asks for. The same request gives the same plan on every node: verification rests on it. */
export async function planChat(chat: ChatRequest, template: ChatTemplate, planner: Planner): Promise<readonly PlannedAnswer[]> {
  const prompt = await fitPrompt(chat, template, planner);
  return Array.from({ length: chat.choices }, (_, choice) => ({
    prompt,
    maxTokens: Math.min(chat.maxTokens, planner.contextLength - prompt.length),
    ...chat.sampling,
    seed: chat.seed,
    choice,
    stop: [...chat.stop, ...template.stops],
    grammar: chat.grammar,
    logprobs: chat.logprobs,
    promptLogprobs: false,
  }));
}

/**
 * Where it may, drops the oldest turns of a conversation that is too long, as a chat does; a last message too long by itself is refused.
 * Begins with the newest, so that a long history costs no more than what of it fits.
 */
async function fitPrompt(chat: ChatRequest, template: ChatTemplate, { contextLength, encode }: Planner): Promise<readonly number[]> {
  const { messages, history, tools, maxTokens } = chat;
  const room = contextLength - Math.min(maxTokens, Math.floor(contextLength / 2));
  const fewest = history.mayDrop ? 1 : messages.length;
  let fitting = await encode(template.render(messages.slice(-fewest), tools));
  if (fitting.length >= contextLength) {
    const what = fewest === 1 ? 'the last message has' : 'the conversation has';
    throw apiError('API_CONTEXT_LENGTH', `${history.field}: ${what} ${fitting.length} tokens; the model's context is ${contextLength}`, {
      data: { param: history.field },
    });
  }
  for (let from = messages.length - fewest - 1; from >= 0; from--) {
    const longer = await encode(template.render(messages.slice(from), tools));
    if (longer.length > room) break;
    fitting = longer;
  }
  return fitting;
}
