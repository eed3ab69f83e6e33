import { escapeExpression } from './pre-tokenize.ts';
import type { TokenizerDocument } from './tokenizer-json.ts';

/** A part of a text: a token of its own, or text to be split and merged. */
export type Section = { readonly token: number } | { readonly text: string };

type AddedToken = TokenizerDocument['added_tokens'][number];

const IS_WORD = /[\p{L}\p{M}\p{N}\p{Pc}]/u;

/**
 * Finds added tokens in a text, the leftmost first and the longest of those, as huggingface/tokenizers does (tokenizer/added_vocabulary.rs).
 * @param tokens those to look for
 */
export function createSectioner(tokens: readonly AddedToken[]): (text: string) => readonly Section[] {
  if (tokens.length === 0) return (text) => [{ text }];
  const byContent = new Map(tokens.map((token) => [token.content, token]));
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const pattern = new RegExp(longestFirst.map(escapeExpression).join('|'), 'gu');
  return (text) => {
    const sections: Section[] = [];
    let at = 0;
    for (const match of text.matchAll(pattern)) {
      const token = byContent.get(match[0]) as AddedToken;
      let [from, to] = [match.index, match.index + match[0].length];
      if (from < at) continue;
      if (token.single_word && (IS_WORD.test(lastOf(text, from)) || IS_WORD.test(text.slice(to, to + 2)[0] ?? ''))) continue;
      // White space that the token takes along.
      if (token.lstrip) from = Math.max(at, text.slice(0, from).trimEnd().length);
      if (token.rstrip) to = text.length - text.slice(to).trimStart().length;
      if (from > at) sections.push({ text: text.slice(at, from) });
      sections.push({ token: token.id });
      at = to;
    }
    if (at < text.length) sections.push({ text: text.slice(at) });
    return sections;
  };
}

function lastOf(text: string, before: number): string {
  return before === 0 ? '' : (text[before - 1] as string);
}
