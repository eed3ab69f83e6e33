import type { FastifyReply } from 'fastify';
import type { CompletionEvent, CompletionRequest, CompletionService, TokenReport } from '../../chain/view.ts';
import { toHex } from '../../primitives/bytes.ts';
import { apiError } from '../errors.ts';

export type AnswerEnd = Extract<CompletionEvent, { type: 'end' }>;

/** An event, and which of the request's answers it belongs to. */
export interface AnswerEvent {
  readonly index: number;
  readonly event: CompletionEvent;
}

/** One answer, whole. */
export interface Answer {
  readonly text: string;
  readonly prompt: readonly TokenReport[];
  readonly tokens: readonly TokenReport[];
  readonly end: AnswerEnd;
}

/** An answer before anybody has called for it; the signal comes with the call. */
export type PlannedAnswer = Omit<CompletionRequest, 'signal'>;

/** Aborted when the client goes away. */
export function signalOf(reply: FastifyReply): AbortSignal {
  const cancel = new AbortController();
  reply.raw.once('close', () => cancel.abort());
  return cancel.signal;
}

/**
 * Asks for all answers at once and gives their events as they come. Resolves with the first event, so that a request that is refused is
 * refused before the answer's status line is sent. When one fails, or the reader leaves, the others end.
 */
export async function startAnswers(
  completions: CompletionService,
  planned: readonly PlannedAnswer[],
  signal: AbortSignal,
): Promise<AsyncIterable<AnswerEvent>> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const events = merge(planned.map((answer) => completions.complete({ ...answer, signal: both })));
  let first: IteratorResult<AnswerEvent>;
  try {
    first = await events.next();
  } catch (error) {
    stop.abort();
    throw error;
  }
  return (async function* () {
    try {
      for (let next = first; !next.done; next = await events.next()) yield next.value;
    } finally {
      stop.abort();
      await events.return(undefined);
    }
  })();
}

async function* merge(sources: readonly AsyncIterable<CompletionEvent>[]): AsyncGenerator<AnswerEvent> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = async (index: number) => ({ index, result: await (iterators[index] as AsyncIterator<CompletionEvent>).next() });
  const waiting = new Map(iterators.map((_, index) => [index, next(index)]));
  // What fails after another has failed is nobody's rejection.
  for (const promise of waiting.values()) promise.catch(() => {});
  while (waiting.size > 0) {
    const { index, result } = await Promise.race(waiting.values());
    if (result.done) {
      waiting.delete(index);
      continue;
    }
    const following = next(index);
    following.catch(() => {});
    waiting.set(index, following);
    yield { index, event: result.value };
  }
}

/** Every answer, whole, in order. */
export async function collectAnswers(events: AsyncIterable<AnswerEvent>, count: number): Promise<readonly Answer[]> {
  const texts = Array<string>(count).fill('');
  const prompts = texts.map((): TokenReport[] => []);
  const tokens = texts.map((): TokenReport[] => []);
  const ends = new Map<number, AnswerEnd>();
  for await (const { index, event } of events) {
    if (event.type === 'end') ends.set(index, event);
    else if (event.type === 'prompt') prompts[index]?.push(...event.tokens);
    else {
      texts[index] += event.text;
      tokens[index]?.push(...event.tokens);
    }
  }
  return texts.map((text, index) => {
    const end = ends.get(index);
    if (end === undefined) throw apiError('API_CANCELLED', 'the answer was cut off');
    return { text, prompt: prompts[index] as TokenReport[], tokens: tokens[index] as TokenReport[], end };
  });
}

/** Which model answered: the settled model's round and the beginning of its root. */
export function fingerprint(end: Pick<AnswerEnd, 'modelRoot' | 'round'>): string {
  return `round-${end.round}-${toHex(end.modelRoot).slice(2, 18)}`;
}

/** Everything by which anybody can compute an answer again (`pol-node verify-answer`). */
export function lineage(index: number, end: AnswerEnd) {
  return {
    index,
    model_root: toHex(end.modelRoot),
    weights_root: toHex(end.weightsRoot),
    momentum_root: toHex(end.momentumRoot),
    round: end.round,
    seed: end.seed,
    // Left out: the arithmetic of networks.
    ...(end.operands === 'bf16' ? {} : { operands: end.operands }),
    tokens: end.tokens,
  };
}

export interface Usage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** A prompt is counted once, however many answers it got. */
export function usageOf(prompts: readonly (readonly number[])[], ends: readonly AnswerEnd[]): Usage {
  return {
    promptTokens: prompts.reduce((sum, prompt) => sum + prompt.length, 0),
    cachedTokens: prompts.length === 1 ? (ends[0]?.cachedTokens ?? 0) : 0,
    completionTokens: ends.reduce((sum, end) => sum + end.tokens.length, 0),
  };
}

export function usageBody({ promptTokens, cachedTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}
