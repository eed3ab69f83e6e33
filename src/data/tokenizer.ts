import { Buffer } from 'node:buffer';
import { type ByteString, mergeBytePairs } from './byte-pairs.ts';
import { dataError } from './errors.ts';
import { createSegmenter } from './segments.ts';
import type { Tokenizer } from './types.ts';

/** GPT-2's ranks without its end-of-text token, which is no merge of bytes. */
export const GPT2_RANKS = 50_256;
/** All single bytes. */
const LEAST_VOCABULARY = 256;
/** GPT-2's split into pieces that no merge crosses (openai/gpt-2, src/encoder.py). */
const SPLIT = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

const CACHED_PIECES = 32_768;
const CACHED_PIECE_UNITS = 32;

export interface Gpt2TokenizerOptions {
  /** 256 … 50,257. The first 256 ranks are the single bytes, so any text has an encoding at any size. */
  readonly vocabSize: number;
}

/**
 * GPT-2's byte-pair tokenizer, cut to its first `vocabSize` ranks. Cutting keeps it a valid byte-pair encoding, because a token is only
 * ever built from tokens of lower rank. There is no end-of-text token below the full 50,257, and `encode` never yields it.
 * decode(encode(text)) = text for every well-formed string; lone surrogates become U+FFFD.
 * @throws DATA_VOCABULARY_INVALID
 *
 * @example
 * const tokenizer = await createGpt2Tokenizer({ vocabSize: 4096 });
 * tokenizer.decode(tokenizer.encode('Call me Ishmael.')); // 'Call me Ishmael.'
 */
export async function createGpt2Tokenizer(options: Gpt2TokenizerOptions): Promise<Tokenizer> {
  const { vocabSize } = options;
  const tokens = await gpt2Tokens(vocabSize);
  const ranks = new Map(tokens.map((bytes, rank) => [bytes, rank]));
  const cache = new Map<string, readonly number[]>();

  function encodePiece(piece: string, out: number[]): void {
    const known = cache.get(piece);
    if (known !== undefined) {
      for (const id of known) out.push(id);
      return;
    }
    const ids = mergeBytePairs(byteString(piece), ranks);
    for (const id of ids) out.push(id);
    if (piece.length > CACHED_PIECE_UNITS) return;
    if (cache.size >= CACHED_PIECES) cache.clear();
    // Pieces are slices that would keep the whole text alive: the key is a copy.
    cache.set(Buffer.from(piece).toString(), ids);
  }

  function bytesOf(token: number): ByteString {
    const bytes = tokens[token];
    if (bytes !== undefined) return bytes;
    if (token === GPT2_RANKS && vocabSize > GPT2_RANKS) return '<|endoftext|>';
    throw dataError('DATA_INVALID_TOKEN', `token ${token} is outside the vocabulary of ${vocabSize}`);
  }

  return {
    vocabSize,
    encode(text) {
      const ids: number[] = [];
      const segmenter = createSegmenter((segment) => {
        for (const piece of segment.match(SPLIT) ?? []) encodePiece(piece, ids);
      });
      segmenter.push(text);
      segmenter.end();
      return ids;
    },
    bytes: (token) => new Uint8Array(Buffer.from(bytesOf(token), 'latin1')),
    decode(ids) {
      let bytes = '';
      for (const id of ids) bytes += bytesOf(id);
      return Buffer.from(bytes, 'latin1').toString('utf8');
    },
  };
}

/** GPT-2's tokens by rank, the first `vocabSize` of them, without its end of text. @throws DATA_VOCABULARY_INVALID */
export async function gpt2Tokens(vocabSize: number): Promise<readonly ByteString[]> {
  if (!Number.isInteger(vocabSize) || vocabSize < LEAST_VOCABULARY || vocabSize > GPT2_RANKS + 1) {
    throw dataError('DATA_VOCABULARY_INVALID', `vocab_size ${vocabSize} is not from ${LEAST_VOCABULARY} to ${GPT2_RANKS + 1}`);
  }
  // Loaded on first use: half a megabyte that commands without text do without.
  const { default: table } = await import('gpt-tokenizer/bpeRanks/r50k_base');
  return table.slice(0, vocabSize).map((entry) => {
    return typeof entry === 'string' ? byteString(entry) : String.fromCharCode(...entry);
  });
}

function byteString(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}
