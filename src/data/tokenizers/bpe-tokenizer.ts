import { Buffer } from 'node:buffer';
import type { ByteString } from '../byte-pairs.ts';
import { dataError } from '../errors.ts';
import type { Tokenizer } from '../types.ts';
import { createSectioner } from './added-tokens.ts';
import { byteLevelBytes } from './byte-level.ts';
import { splitsOf } from './known-splits.ts';
import { type Merge, mergeTokens, pairKey } from './merge.ts';
import { createNormalizer } from './normalize.ts';
import { createSplit } from './pre-tokenize.ts';
import { type Decoder, mergeParts, type TokenizerDocument } from './tokenizer-json.ts';

const CACHED_PIECES = 32_768;
const CACHED_PIECE_UNITS = 64;

export interface BpeTokenizer extends Tokenizer {
  /**
   * Whether a text may be cut before a space that follows no white space, and encoded part by part: true of splits by expression, false
   * where words are merged across spaces or the beginning of a text is marked.
   */
  readonly cutsAtSpaces: boolean;
}

/**
 * The tokenizer that a tokenizer.json describes. `encode` adds no special token around a text; one that stands in the text is recognised.
 * @param vocabSize rows of the model's embedding: at least the tokenizer's tokens
 * @param file for messages
 * @throws DATA_TOKENIZER_INVALID
 */
export function createBpeTokenizer(document: TokenizerDocument, vocabSize: number, file: string): BpeTokenizer {
  const { model, added_tokens: added } = document;
  const vocab = new Map(Object.entries(model.vocab));
  const contents = new Map<number, string>([...vocab].map(([content, id]) => [id, content]));
  const addedIds = new Set(added.map(({ id }) => id));
  for (const { id, content } of added) contents.set(id, content);
  for (const id of contents.keys()) {
    if (id >= vocabSize)
      throw dataError('DATA_TOKENIZER_INVALID', `${file}: token ${id} is outside the model’s vocabulary of ${vocabSize}`);
  }
  const merges = readMerges(document, vocab, file);
  const bytes = byteTokens(document, vocab);
  const unknown = model.unk_token == null ? undefined : vocab.get(model.unk_token);
  const normalise = createNormalizer(document.normalizer ?? undefined);
  const split = createSplit(document.pre_tokenizer ?? undefined);
  const rawSections = createSectioner(added.filter(({ normalized }) => !normalized));
  const normalSections = createSectioner(
    added.filter(({ normalized }) => normalized).map((token) => ({ ...token, content: normalise(token.content) })),
  );
  const cache = new Map<string, readonly number[]>();
  const toBytes = createByteDecoder(document.decoder ?? undefined);

  function tokensOf(piece: string): readonly number[] {
    const whole = model.ignore_merges ? vocab.get(piece) : undefined;
    return whole === undefined ? mergeTokens(charactersOf(piece), merges) : [whole];
  }

  /** One token for each character; where there is none, its bytes, or else the unknown token. */
  function charactersOf(piece: string): readonly number[] {
    const ids: number[] = [];
    let afterUnknown = false;
    for (const character of piece) {
      const id = vocab.get(character);
      const isUnknown = id === undefined && bytes === undefined;
      if (id !== undefined) ids.push(id);
      else if (bytes !== undefined) for (const byte of Buffer.from(character, 'utf8')) ids.push(bytes[byte] as number);
      else if (unknown !== undefined && !(afterUnknown && model.fuse_unk)) ids.push(unknown);
      afterUnknown = isUnknown;
    }
    return ids;
  }

  function encodePiece(piece: string, out: number[]): void {
    let ids = cache.get(piece);
    if (ids === undefined) {
      ids = tokensOf(piece);
      if (piece.length <= CACHED_PIECE_UNITS) {
        if (cache.size >= CACHED_PIECES) cache.clear();
        // Pieces are slices that would keep the whole text alive: the key is a copy.
        cache.set(Buffer.from(piece).toString(), ids);
      }
    }
    for (const id of ids) out.push(id);
  }

  function bytesOf(token: number): ByteString {
    const content = contents.get(token);
    if (content !== undefined) return addedIds.has(token) ? latin1(content) : toBytes.token(content);
    // Rows of the embedding without a token: padding that a model can in principle choose.
    if (Number.isInteger(token) && token >= 0 && token < vocabSize) return '';
    throw dataError('DATA_INVALID_TOKEN', `token ${token} is outside the vocabulary of ${vocabSize}`);
  }

  return {
    vocabSize,
    cutsAtSpaces:
      splitsOf(document) !== undefined && added.every(({ content, lstrip, rstrip }) => !/\s/.test(content) && !lstrip && !rstrip),
    encode(text) {
      const ids: number[] = [];
      let first = true;
      for (const outer of rawSections(text)) {
        for (const section of 'token' in outer ? [outer] : normalSections(normalise(outer.text))) {
          if ('token' in section) ids.push(section.token);
          else for (const piece of split(section.text, first)) encodePiece(piece, ids);
          first = false;
        }
      }
      return ids;
    },
    bytes: (token) => new Uint8Array(Buffer.from(bytesOf(token), 'latin1')),
    decode(ids) {
      let joined = '';
      for (const id of ids) joined += bytesOf(id);
      if (toBytes.stripsFirstSpace && joined.startsWith(' ')) joined = joined.slice(1);
      return Buffer.from(joined, 'latin1').toString('utf8');
    },
  };
}

function readMerges(document: TokenizerDocument, vocab: ReadonlyMap<string, number>, file: string): ReadonlyMap<number, Merge> {
  const merges = new Map<number, Merge>();
  document.model.merges.forEach((merge, rank) => {
    const [left, right] = mergeParts(merge, file);
    const [leftId, rightId, id] = [vocab.get(left), vocab.get(right), vocab.get(left + right)];
    if (leftId === undefined || rightId === undefined || id === undefined) {
      throw dataError(
        'DATA_TOKENIZER_INVALID',
        `${file}: model.merges: "${left}" and "${right}", or what they make, are not in the vocabulary`,
      );
    }
    merges.set(pairKey(leftId, rightId), { rank, id });
  });
  return merges;
}

/** Tokens of the 256 bytes, when characters without a token fall back to them. */
function byteTokens({ model }: TokenizerDocument, vocab: ReadonlyMap<string, number>): readonly number[] | undefined {
  if (!model.byte_fallback) return undefined;
  const tokens = Array.from({ length: 256 }, (_, byte) => vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));
  return tokens.every((token) => token !== undefined) ? tokens : undefined;
}

const latin1 = (text: string): ByteString => Buffer.from(text, 'utf8').toString('latin1');

interface ByteDecoder {
  token(content: string): ByteString;
  /** Whether a decoded text loses the space that encoding put before it. */
  readonly stripsFirstSpace: boolean;
}

/** What each token stands for as bytes: the decoders of byte-pair models, which work token by token but for a text's first space. */
function createByteDecoder(decoder: Decoder | undefined): ByteDecoder {
  const steps = decoder === undefined ? [] : flatten(decoder);
  if (steps.some(({ type }) => type === 'ByteLevel')) {
    return { token: (content) => byteLevelBytes(content) ?? latin1(content), stripsFirstSpace: false };
  }
  const fallsBack = steps.some(({ type }) => type === 'ByteFallback');
  return {
    token(content) {
      const byte = fallsBack ? /^<0x([0-9A-F]{2})>$/.exec(content)?.[1] : undefined;
      if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
      let text = content;
      for (const step of steps) {
        if (step.type === 'Replace' && 'String' in step.pattern) text = text.replaceAll(step.pattern.String, step.content);
        else if (step.type === 'Metaspace') text = text.replaceAll(step.replacement, ' ');
      }
      return latin1(text);
    },
    stripsFirstSpace: steps.some(
      (step) =>
        (step.type === 'Strip' && step.start > 0 && step.content === ' ') || (step.type === 'Metaspace' && step.prepend_scheme !== 'never'),
    ),
  };
}

function flatten(decoder: Decoder): readonly Decoder[] {
  return decoder.type === 'Sequence' ? decoder.decoders.flatMap(flatten) : [decoder];
}
