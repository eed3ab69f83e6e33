import { type ByteString, mergeBytePairs, type Ranks } from '../byte-pairs.ts';
import { GPT2_RANKS, gpt2Tokens } from '../tokenizer.ts';
import { byteLevelText } from './byte-level.ts';
import { byteLevelDocument, END_OF_TEXT } from './byte-level-document.ts';

/** With the end of text. */
export const MOST_GPT2_TOKENS = GPT2_RANKS + 1;

/**
 * GPT-2's tokenizer cut to `vocabSize`, as the text of a tokenizer.json: the same text on every machine, by which an import knows it
 * again. A merge is written for each token of two; which two, the ranks below it say.
 * @throws DATA_VOCABULARY_INVALID
 */
export async function gpt2Document(vocabSize: number): Promise<string> {
  const tokens = await gpt2Tokens(vocabSize);
  const vocab: Record<string, number> = {};
  tokens.forEach((token, id) => {
    vocab[byteLevelText(token)] = id;
  });
  const hasEnd = vocabSize > GPT2_RANKS;
  if (hasEnd) vocab[END_OF_TEXT] = GPT2_RANKS;
  return byteLevelDocument({ vocab, merges: mergesOf(tokens), end: hasEnd ? GPT2_RANKS : undefined, decoderPrefixSpace: true });
}

/** "left right" for each token of more than a byte, in the order of ranks. */
function mergesOf(tokens: readonly ByteString[]): string[] {
  const ranks = new Map<ByteString, number>();
  const merges: string[] = [];
  tokens.forEach((token, rank) => {
    if (token.length > 1) merges.push(partsBelow(token, ranks, tokens).map(byteLevelText).join(' '));
    ranks.set(token, rank);
  });
  return merges;
}

function partsBelow(token: ByteString, ranks: Ranks, tokens: readonly ByteString[]): readonly ByteString[] {
  return mergeBytePairs(token, ranks).map((id) => tokens[id] as ByteString);
}
