import { type ByteString, mergeBytePairs, type Ranks } from '../byte-pairs.ts';
import { GPT2_RANKS, gpt2Tokens } from '../tokenizer.ts';
import { byteLevelText } from './byte-level.ts';

/** With the end of text. */
export const MOST_GPT2_TOKENS = GPT2_RANKS + 1;
const END_OF_TEXT = '<|endoftext|>';

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
  const end = { id: GPT2_RANKS, content: END_OF_TEXT, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return `${JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: hasEnd ? [end] : [],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: mergesOf(tokens),
    },
  })}\n`;
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
