import fc from 'fast-check';
import { encode as encodeWithGptTokenizer } from 'gpt-tokenizer/encoding/r50k_base';
import { beforeAll, describe, expect, test } from 'vitest';
import { isPolError } from '../primitives/errors.ts';
import { mergeBytePairs } from './byte-pairs.ts';
import { SEGMENT_UNITS } from './segments.ts';
import { createGpt2Tokenizer } from './tokenizer.ts';
import type { Tokenizer } from './types.ts';

const wellFormed = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(' ', '\n', '\r\n', '\t', "'", 's', 'the', '1', '.', 'é', '語', '😀', '\u00a0', '\u2003'),
    maxLength: 60,
  }),
);

describe.each([256, 257, 1000, 4096, 50_257])('vocabulary of %i', (vocabSize) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await createGpt2Tokenizer({ vocabSize });
  });

  test('decode undoes encode on any text, and ids stay in range', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text);
        expect(ids.every((id) => id >= 0 && id < Math.min(vocabSize, 50_256))).toBe(true);
      }),
    );
  });

  test('every token is its bytes, and the first 256 are the single bytes', () => {
    const singles = new Set(Array.from({ length: 256 }, (_, id) => tokenizer.bytes(id).join()));
    expect(singles.size).toBe(256);
    for (let id = 0; id < 256; id++) expect(tokenizer.bytes(id)).toHaveLength(1);
    expect(tokenizer.bytes(vocabSize - 1).length).toBeGreaterThan(0);
  });

  test.each([-1, vocabSize, 1.5, Number.NaN])('token %s is refused', (token) => {
    const refused = expect.toSatisfy((error) => isPolError(error, 'DATA_INVALID_TOKEN'));
    expect(() => tokenizer.bytes(token)).toThrow(refused);
    expect(() => tokenizer.decode([0, token])).toThrow(refused);
  });
});

describe('the full vocabulary', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await createGpt2Tokenizer({ vocabSize: 50_257 });
  });

  test('encodes as GPT-2 does (ids from openai/gpt-2)', () => {
    expect(tokenizer.encode('Hello world')).toEqual([15496, 995]);
    expect(tokenizer.encode('')).toEqual([]);
  });

  test('agrees with another implementation on any text', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(tokenizer.encode(text)).toEqual(encodeWithGptTokenizer(text));
      }),
    );
  });

  test('every token is reached from lower ones, so any cut of the table is a byte-pair encoding too', () => {
    const broken: number[] = [];
    const lower = new Map<string, number>();
    for (let id = 0; id < 50_256; id++) {
      const bytes = Buffer.from(tokenizer.bytes(id)).toString('latin1');
      lower.set(bytes, id);
      if (mergeBytePairs(bytes, lower).length !== 1) broken.push(id);
    }
    expect(broken).toEqual([]);
  });

  test('does not read special tokens out of text', () => {
    expect(tokenizer.encode('<|endoftext|>').length).toBeGreaterThan(1);
    expect(tokenizer.decode([50_256])).toBe('<|endoftext|>');
  });
});

describe('hostile and broken text', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await createGpt2Tokenizer({ vocabSize: 4096 });
  });

  test.each([
    ['one letter', 'a'],
    ['spaces', ' '],
    ['letters outside the basic plane', '\u{10400}'],
    ['emoji', '😀'],
  ])('a long run of %s encodes and comes back', (_, unit) => {
    const text = unit.repeat(200_000);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  test('cutting long text into segments changes no token', () => {
    const sentence = "It's 12 o'clock;  the whale\n\nbreaches — näher. ";
    const parts = Array.from({ length: 3000 }, (_, i) => `${sentence}${i}`);
    const whole = parts.join(' ');
    expect(whole.length).toBeGreaterThan(2 * SEGMENT_UNITS);
    expect(tokenizer.encode(whole)).toEqual([
      ...tokenizer.encode(parts[0] as string),
      ...parts.slice(1).flatMap((p) => tokenizer.encode(` ${p}`)),
    ]);
  });

  test('a lone surrogate becomes the replacement character', () => {
    expect(tokenizer.decode(tokenizer.encode('a\ud800b'))).toBe('a\ufffdb');
  });
});

test.each([0, 255, 50_258, 300.5, Number.NaN])('a vocabulary of %s is refused', async (vocabSize) => {
  await expect(createGpt2Tokenizer({ vocabSize })).rejects.toSatisfy((error) => isPolError(error, 'DATA_VOCABULARY_INVALID'));
});
