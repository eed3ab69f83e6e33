import type { TokenReport } from '../chain/view.ts';
import type { Tokenizer } from '../data/types.ts';
import type { AutomatonState } from './grammar/automaton.ts';
import { isAllowed, type Vocabulary } from './grammar/vocabulary.ts';
import type { GenerationEnd, GenerationEvent, GenerationJob } from './jobs.ts';
import { reportToken } from './logprobs.ts';
import { createSampler, largest } from './sampler.ts';
import type { Task } from './task.ts';
import { createTextStream } from './text-stream.ts';

export interface GenerationParts {
  readonly tokenizer: Tokenizer;
  /** Tokens that end an answer and are not shown. */
  readonly endTokens: ReadonlySet<number>;
  /** The model's. */
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Prompt tokens already in the sequence's slot. */
  readonly reused: number;
  readonly constraint: { readonly start: AutomatonState; readonly vocabulary: Vocabulary } | undefined;
  readonly onEvent: (event: GenerationEvent) => void;
}

export interface Generation extends Task {
  /** Once `take` has said that it ended. */
  readonly end: GenerationEnd;
}

/** One answer: its prompt, then token after token. */
export function createGeneration(job: GenerationJob, parts: GenerationParts): Generation {
  const { prompt } = job;
  const { tokenizer, vocabSize: vocab, constraint, onEvent } = parts;
  const most = Math.min(job.maxTokens, parts.contextLength - prompt.length);
  const sampler = createSampler(job, prompt);
  const stream = createTextStream<TokenReport | undefined>(job.stop);
  const made: number[] = [];
  const promptReports: TokenReport[] = [];
  let computed = parts.reused;
  let state = constraint?.start;
  let reason: GenerationEnd['reason'] = 'length';

  const tokenAt = (position: number): number => (position < prompt.length ? prompt[position] : made[position - prompt.length]) as number;
  const readsPrompt = () => computed < prompt.length;

  function show({ text, entries }: { readonly text: string; readonly entries: readonly (TokenReport | undefined)[] }): void {
    const tokens = entries.filter((entry) => entry !== undefined);
    if (text !== '' || tokens.length > 0) onEvent({ type: 'text', text, tokens });
  }

  function finish(why: GenerationEnd['reason']): true {
    reason = why;
    show(stream.end());
    return true;
  }

  /** Where an answer may end, it does when the model would rather leave the grammar. */
  function leavesGrammar(logits: Float32Array): boolean {
    if (state === undefined || constraint === undefined) return false;
    const mask = constraint.vocabulary.maskOf(state);
    return mask.count === 0 || (state.accepting && !isAllowed(mask, largest(logits)));
  }

  function choose(logits: Float32Array): boolean {
    if (leavesGrammar(logits)) return finish('stop');
    const mask = state === undefined ? undefined : constraint?.vocabulary.maskOf(state);
    const token = sampler.choose(job.logprobs === undefined ? logits : logits.slice(), mask);
    made.push(token);
    if (parts.endTokens.has(token)) return finish('stop');
    const report = job.logprobs === undefined ? undefined : reportToken(logits, token, job.logprobs, tokenizer);
    const shown = stream.push(tokenizer.bytes(token), report);
    show(shown);
    if (shown.stopped) {
      reason = 'stop';
      return true;
    }
    if (state !== undefined) {
      state = constraint?.vocabulary.advance(state, token);
      if (state?.complete) return finish('stop');
    }
    return made.length >= most ? finish('length') : false;
  }

  function reportPrompt(first: number, result: Float32Array): void {
    for (let row = 0; first + row + 1 < prompt.length && row * vocab < result.length; row++) {
      const logits = result.subarray(row * vocab, (row + 1) * vocab);
      promptReports.push(reportToken(logits, tokenAt(first + row + 1), job.logprobs ?? 0, tokenizer));
    }
  }

  return {
    kind: 'logits',
    get pending() {
      return prompt.length + made.length - computed;
    },
    piece(rows, logitRows) {
      const every = job.promptLogprobs && readsPrompt();
      const count = Math.min(this.pending, rows, every ? logitRows : rows);
      const last = count === this.pending;
      if (count === 0 || (last && logitRows === 0)) return undefined;
      const tokens = Array.from({ length: count }, (_, i) => tokenAt(computed + i));
      return { tokens, want: every ? 'every' : last ? 'last' : 'nothing' };
    },
    take({ tokens, want }, result) {
      if (want === 'every') reportPrompt(computed, result as Float32Array);
      computed += tokens.length;
      if (this.pending > 0 || result === undefined) return false;
      if (job.promptLogprobs && made.length === 0) onEvent({ type: 'prompt', tokens: promptReports });
      if (most === 0) return finish('length');
      return choose(result.subarray(result.length - vocab));
    },
    get end() {
      return { reason, tokens: made, cachedTokens: parts.reused };
    },
  };
}
