import type { TokenLogprob, TokenReport } from '../../chain/view.ts';

/** Bytes that are no whole character show as U+FFFD; `bytes` has them exactly. */
export const tokenText = (bytes: Uint8Array): string => new TextDecoder('utf-8').decode(bytes);

const entry = ({ bytes, logprob }: TokenLogprob) => ({ token: tokenText(bytes), logprob: finite(logprob), bytes: [...bytes] });

/** Chat's form. */
export function chatLogprobs(tokens: readonly TokenReport[]) {
  return { content: tokens.map((report) => ({ ...entry(report), top_logprobs: report.top.map(entry) })), refusal: null };
}

/** The Responses API's form. */
export function responseLogprobs(tokens: readonly TokenReport[]) {
  return tokens.map((report) => ({ ...entry(report), top_logprobs: report.top.map(entry) }));
}

/**
 * Completions' form; `offset` is where the first token's text begins.
 * @param unpredicted text of a first token that nothing predicts: its probability is null
 */
export function legacyLogprobs(tokens: readonly TokenReport[], offset: number, unpredicted?: string) {
  const texts = tokens.map(({ bytes }) => tokenText(bytes));
  const first = unpredicted === undefined ? [] : [unpredicted];
  let at = offset;
  const offsets = [...first, ...texts].map((text) => {
    const from = at;
    at += text.length;
    return from;
  });
  return {
    tokens: [...first, ...texts],
    token_logprobs: [...first.map(() => null), ...tokens.map(({ logprob }) => finite(logprob))],
    top_logprobs: [
      ...first.map(() => null),
      ...tokens.map(({ top }) => Object.fromEntries(top.map(({ bytes, logprob }) => [tokenText(bytes), finite(logprob)]))),
    ],
    text_offset: offsets,
  };
}

/** JSON has no infinity: what cannot be is told as the least that OpenAI tells. */
function finite(logprob: number): number {
  return Math.max(logprob, -9999);
}
