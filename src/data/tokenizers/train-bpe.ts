import { Buffer } from 'node:buffer';
import type { ByteString } from '../byte-pairs.ts';
import { dataError } from '../errors.ts';
import { byteLevelText } from './byte-level.ts';
import { byteLevelDocument, END_OF_TEXT } from './byte-level-document.ts';
import { GPT2_SPLIT } from './known-splits.ts';
import { pairKey } from './merge.ts';
import { javascriptPattern } from './regex.ts';

/** Pieces that differ, held in memory while a vocabulary is learned. */
const MAX_PIECES = 4_000_000;
/** Longer runs without a space (tables, base64) say nothing about words. */
const MAX_PIECE_BYTES = 256;
const BYTES = 256;

/**
 * Learns byte pairs from text: again and again the pair of tokens that stands side by side most often becomes a token (Sennrich et al.,
 * arXiv:1508.07909), within pieces that GPT-2's split cuts. Among pairs of one frequency the one with the lower first id, then the lower
 * second id, goes first: the same text gives the same vocabulary, whatever the machine.
 */
export interface BpeTrainer {
  /** Counts the pieces of a part of a text that ends where a piece ends (createSegmenter). @throws DATA_TOKENIZER_INVALID: too many pieces */
  count(text: string): void;
  /**
   * The tokenizer.json of `vocabSize` tokens: the bytes, what was learned, and last the end of a text.
   * @throws DATA_VOCABULARY_INVALID when the text has fewer pairs to learn
   */
  train(vocabSize: number): string;
}

export function createBpeTrainer(): BpeTrainer {
  const split = javascriptPattern(GPT2_SPLIT);
  const counts = new Map<string, number>();
  return {
    count(text) {
      for (const piece of text.match(split) ?? []) {
        const known = counts.get(piece);
        // A slice would keep the whole text alive.
        counts.set(known === undefined ? Buffer.from(piece).toString() : piece, (known ?? 0) + 1);
      }
      if (counts.size > MAX_PIECES) {
        throw dataError(
          'DATA_TOKENIZER_INVALID',
          `the text has more than ${MAX_PIECES} different words: learn the vocabulary from a part of it`,
        );
      }
    },
    train(vocabSize) {
      const tokens = byteTokens();
      const merges = learnMerges(wordsOf(counts), tokens, vocabSize - 1);
      if (tokens.length < vocabSize - 1) {
        throw dataError(
          'DATA_VOCABULARY_INVALID',
          `the text has pairs for ${tokens.length + 1} tokens, and ${vocabSize} were asked for: lower --vocab-size, or give more text`,
        );
      }
      return documentOf(tokens, merges);
    },
  };
}

interface Word {
  /** Ids, changed in place as pairs are joined. */
  tokens: number[];
  readonly count: number;
}

function wordsOf(counts: ReadonlyMap<string, number>): readonly Word[] {
  const idOf = new Map(byteTokens().map((token, id) => [token, id]));
  return [...counts].flatMap(([piece, count]) => {
    const bytes = Buffer.from(piece, 'utf8').toString('latin1');
    if (bytes.length < 2 || bytes.length > MAX_PIECE_BYTES) return [];
    return [{ tokens: Array.from(bytes, (byte) => idOf.get(byte) as number), count }];
  });
}

/** The bytes in the order of the characters that stand for them, as GPT-2 numbers them. */
function byteTokens(): ByteString[] {
  const bytes = Array.from({ length: BYTES }, (_, byte) => String.fromCharCode(byte));
  const order = (byte: ByteString): number => byteLevelText(byte).charCodeAt(0);
  return bytes.sort((a, b) => order(a) - order(b));
}

/** Appends to `tokens` until there are `most`; gives the pairs in the order in which they were joined. */
function learnMerges(words: readonly Word[], tokens: ByteString[], most: number): readonly (readonly [number, number])[] {
  const pairs = new Map<number, { readonly left: number; readonly right: number; count: number; readonly words: Set<number> }>();
  const queue = createQueue();
  const add = (left: number, right: number, word: number, change: number): void => {
    const key = pairKey(left, right);
    let pair = pairs.get(key);
    if (pair === undefined) {
      pair = { left, right, count: 0, words: new Set() };
      pairs.set(key, pair);
    }
    pair.count += change;
    if (change > 0) pair.words.add(word);
    changed.add(key);
  };
  let changed = new Set<number>();
  const requeue = (): void => {
    for (const key of changed) {
      const pair = pairs.get(key);
      if (pair !== undefined && pair.count > 0) queue.push({ key, count: pair.count });
    }
    changed = new Set();
  };
  words.forEach(({ tokens: ids, count }, word) => {
    for (let i = 0; i + 1 < ids.length; i++) add(ids[i] as number, ids[i + 1] as number, word, count);
  });
  requeue();

  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const merges: (readonly [number, number])[] = [];
  for (let entry = queue.pop(); entry !== undefined && tokens.length < most; entry = queue.pop()) {
    const pair = pairs.get(entry.key);
    // Stale: its count has changed since, and it stands in the queue again with the new one.
    if (pair === undefined || pair.count !== entry.count) continue;
    // Two pairs may make the same bytes: the second leads to the first's token.
    const joined = (tokens[pair.left] as ByteString) + (tokens[pair.right] as ByteString);
    const id = idOf.get(joined) ?? tokens.length;
    if (id === tokens.length) tokens.push(joined);
    idOf.set(joined, id);
    merges.push([pair.left, pair.right]);
    pairs.delete(entry.key);
    for (const word of pair.words)
      joinInWord(words[word] as Word, pair.left, pair.right, id, (left, right, change) => add(left, right, word, change));
    pairs.delete(entry.key);
    changed.delete(entry.key);
    requeue();
  }
  return merges;
}

/** Joins every place of the pair in a word, from the left, and tells which pairs went and came. */
function joinInWord(
  word: Word,
  left: number,
  right: number,
  id: number,
  change: (left: number, right: number, count: number) => void,
): void {
  const { tokens: before, count } = word;
  const after: number[] = [];
  for (let i = 0; i < before.length; i++) {
    if (before[i] === left && before[i + 1] === right) {
      after.push(id);
      i++;
    } else after.push(before[i] as number);
  }
  if (after.length === before.length) return;
  for (let i = 0; i + 1 < before.length; i++) change(before[i] as number, before[i + 1] as number, -count);
  for (let i = 0; i + 1 < after.length; i++) change(after[i] as number, after[i + 1] as number, count);
  word.tokens = after;
}

interface QueuedPair {
  readonly key: number;
  readonly count: number;
}

/** Binary heap: highest count first, then lowest key, which orders by the first id and then the second. */
function createQueue() {
  const items: QueuedPair[] = [];
  const before = (x: QueuedPair, y: QueuedPair): boolean => x.count > y.count || (x.count === y.count && x.key < y.key);
  const at = (i: number): QueuedPair => items[i] as QueuedPair;
  const swap = (a: number, b: number): void => {
    const kept = at(a);
    items[a] = at(b);
    items[b] = kept;
  };
  return {
    push(pair: QueuedPair): void {
      items.push(pair);
      for (let i = items.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!before(at(i), at(parent))) return;
        swap(i, parent);
        i = parent;
      }
    },
    pop(): QueuedPair | undefined {
      const top = items[0];
      const last = items.pop();
      if (top === undefined || last === undefined || items.length === 0) return top;
      items[0] = last;
      for (let i = 0; ; ) {
        let first = i;
        if (2 * i + 1 < items.length && before(at(2 * i + 1), at(first))) first = 2 * i + 1;
        if (2 * i + 2 < items.length && before(at(2 * i + 2), at(first))) first = 2 * i + 2;
        if (first === i) return top;
        swap(i, first);
        i = first;
      }
    },
  };
}

function documentOf(tokens: readonly ByteString[], merges: readonly (readonly [number, number])[]): string {
  const texts = tokens.map(byteLevelText);
  return byteLevelDocument({
    vocab: Object.fromEntries([...texts.map((text, id) => [text, id]), [END_OF_TEXT, texts.length]]),
    merges: merges.map(([left, right]) => [texts[left] ?? '', texts[right] ?? '']),
    end: texts.length,
    decoderPrefixSpace: false,
  });
}
