import { toHex, utf8 } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import { createGpt2Tokenizer } from './tokenizer.ts';
import { createBpeTokenizer } from './tokenizers/bpe-tokenizer.ts';
import type { TokenizerBundle } from './tokenizers/bundle.ts';
import type { Tokenizer } from './types.ts';

/** Follows every document where the vocabulary has no end of text: an empty line is one in any. */
export const DOCUMENT_END = '\n\n';

/** A tokenizer as a data set uses it. */
export interface TextTokenizer {
  readonly tokenizer: Tokenizer;
  /** Names everything that decides a token. */
  readonly identity: string;
  readonly documentEnd: readonly number[];
  /** Where a long text may be cut without changing a token; undefined: nowhere. */
  readonly cut: 'space-or-line' | 'space' | undefined;
}

/** GPT-2's tokenizer, cut to `vocabSize`. @throws DATA_VOCABULARY_INVALID */
export async function gpt2TextTokenizer(vocabSize: number): Promise<TextTokenizer> {
  const tokenizer = await createGpt2Tokenizer({ vocabSize });
  return {
    tokenizer,
    identity: `gpt2 ${vocabSize} ${JSON.stringify(DOCUMENT_END)} `,
    documentEnd: tokenizer.encode(DOCUMENT_END),
    cut: 'space-or-line',
  };
}

/** A tokenizer by its files; the end of a text is its end-of-text token. @throws DATA_TOKENIZER_INVALID */
export function fileTextTokenizer(bundle: TokenizerBundle, vocabSize: number): TextTokenizer {
  const tokenizer = createBpeTokenizer(bundle.document, vocabSize, 'tokenizer.json');
  return {
    tokenizer,
    identity: `file ${vocabSize} ${toHex(sha256(utf8(bundle.json)))} ${bundle.eos ?? ''} `,
    documentEnd: bundle.eos === undefined ? tokenizer.encode(DOCUMENT_END) : [bundle.eos],
    cut: tokenizer.cutsAtSpaces ? 'space' : undefined,
  };
}
