import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasTool, importTool } from '../../../test/tools/tools.ts';
import { createGpt2Tokenizer } from '../tokenizer.ts';
import { createBpeTokenizer } from './bpe-tokenizer.ts';
import { bundleOf, gpt2Bundle } from './bundle.ts';
import { byteLevelText } from './byte-level.ts';
import { KNOWN_SPLITS } from './known-splits.ts';
import { parseTokenizerDocument } from './tokenizer-json.ts';
import { createBpeTrainer } from './train-bpe.ts';

/** What is used of @huggingface/tokenizers. */
interface HubTokenizers {
  readonly Tokenizer: new (
    json: unknown,
    config: unknown,
  ) => {
    encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: readonly number[] };
    decode(
      ids: readonly number[],
      options: { readonly skip_special_tokens: boolean; readonly clean_up_tokenization_spaces: boolean },
    ): string;
  };
}

const WORDS = [
  'The quick brown fox', "don't WON'T I'll", '  two  spaces ', '12345 678', 'naïve café', 'Ελληνικά', 'Привет, мир!', '東京都は', '안녕하세요',
  'नमस्ते', 'مرحبا', 'a\n\nb\r\n', '\t\ttabs', 'x=y+1; // ok', '👩‍👩‍👧 🇩🇪', 'e\u0301', 'ﬁ', '…', '<|endoftext|>', '<|im_start|>', '   \n  ', "'S'sx", 'ſ',
]; // biome-ignore format: a list of texts
const TEXT = fc.oneof(
  fc.array(fc.constantFrom(...WORDS), { maxLength: 6 }).map((words) => words.join('')),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 6 }).map((words) => words.join(' ')),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', 'B', ' ', '\n', "'", 's', '1', '.', 'é', '\u00a0'), maxLength: 30 }),
);

async function gpt2With(change: object, modelChange: object = {}): Promise<string> {
  const document = JSON.parse((await gpt2Bundle(2000)).json);
  return JSON.stringify({ ...document, ...change, model: { ...document.model, ...modelChange } });
}
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
const regexOf = (pre: string) => KNOWN_SPLITS.find((each) => each.pre === pre)?.splits[0] as string;
const withSplit = (pre: string) => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Split', pattern: { Regex: regexOf(pre) }, behavior: 'Isolated', invert: false }, byteLevel],
});
const added = (id: number, content: string, more: object = {}) => ({
  id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...more,
}); // biome-ignore format: one token

/** A small vocabulary of pieces with a mark for spaces and tokens for bytes, as SentencePiece's byte pairs have it. */
function piecesDocument(): string {
  const vocab: Record<string, number> = { '<unk>': 0, '<s>': 1, '</s>': 2 };
  const add = (token: string) => {
    vocab[token] ??= Object.keys(vocab).length;
  };
  for (let byte = 0; byte < 256; byte++) add(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  for (const character of '▁abcdefghijklmnopqrstuvwxyzTIéн') add(character);
  const merges = ['▁ t', '▁t h', 'e r', '▁ a', 'i n', 'o n', '▁th e', 'in g', 'a n', 'an d', '▁ ▁', 'o o', 'q u', 'b r'];
  for (const merge of merges) add(merge.replace(' ', ''));
  return JSON.stringify({
    added_tokens: [added(0, '<unk>'), added(1, '<s>'), added(2, '</s>')],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: { type: 'BPE', unk_token: '<unk>', fuse_unk: true, byte_fallback: true, vocab, merges },
  });
}

const DOCUMENTS: readonly (readonly [string, () => Promise<string>])[] = [
  ['GPT-2, cut', () => gpt2With({})],
  ['Llama 3', () => gpt2With({ pre_tokenizer: withSplit('llama-bpe'), added_tokens: [added(2000, '<|im_start|>')] }, { ignore_merges: true })],
  ['Qwen 2', () => gpt2With({ normalizer: { type: 'NFC' }, pre_tokenizer: withSplit('qwen2'), added_tokens: [added(2000, '<|endoftext|>'), added(2001, '<|im_start|>', { special: false })] })],
  ['digits apart, a space before', () => gpt2With({ pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, { ...byteLevel, use_regex: true }] } })],
  ['lower case', () => gpt2With({ normalizer: { type: 'Sequence', normalizers: [{ type: 'NFKC' }, { type: 'Lowercase' }] } })],
  ['pieces with byte fallback', async () => piecesDocument()],
]; // biome-ignore format: one a line

describe('createBpeTokenizer', () => {
  it('is GPT-2’s tokenizer, given its file', async () => {
    const own = await createGpt2Tokenizer({ vocabSize: 2000 });
    const { document } = await gpt2Bundle(2000);
    const read = createBpeTokenizer(document, 2000, 'file');
    fc.assert(
      fc.property(TEXT, (text) => {
        expect(read.encode(text)).toEqual(own.encode(text));
        expect(read.decode(read.encode(text))).toBe(text);
      }),
    );
  });

  it.each(DOCUMENTS.slice(1, 4))('%s: decode undoes encode', async (_, make) => {
    const document = parseTokenizerDocument(await make(), 'file');
    const tokenizer = createBpeTokenizer(document, 2010, 'file');
    fc.assert(
      fc.property(TEXT, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(document.normalizer ? text.normalize('NFC') : text);
      }),
    );
  });

  it('cuts at spaces only where that changes nothing', async () => {
    for (const [name, make] of DOCUMENTS) {
      const tokenizer = createBpeTokenizer(parseTokenizerDocument(await make(), name), 2010, name);
      if (!tokenizer.cutsAtSpaces) continue;
      fc.assert(
        fc.property(TEXT, TEXT, (a, b) => {
          const left = `${a}x`;
          const right = ` ${b}`;
          expect([...tokenizer.encode(left), ...tokenizer.encode(right)]).toEqual(tokenizer.encode(left + right));
        }),
      );
    }
  });

  it.each([
    ['another kind of model', { model: { type: 'Unigram', vocab: [] } }, 'model'],
    ['suffixes of words', { model: { end_of_word_suffix: '</w>', vocab: {}, merges: [] } }, 'end_of_word_suffix'],
    ['an unknown step', { pre_tokenizer: { type: 'BertPreTokenizer' }, model: { vocab: {}, merges: [] } }, 'pre_tokenizer'],
    ['a merge of nothing', { model: { vocab: { a: 0 }, merges: ['a b'] } }, 'merges'],
    [
      'an atomic group',
      { pre_tokenizer: { type: 'Split', pattern: { Regex: '(?>a)' }, behavior: 'Isolated' }, model: { vocab: {}, merges: [] } },
      'expression',
    ],
    ['a token beyond the model', { model: { vocab: { a: 5000 }, merges: [] } }, '5000'],
  ])('refuses %s by name', (_, document, name) => {
    expect(() => createBpeTokenizer(parseTokenizerDocument(JSON.stringify(document), 'file'), 300, 'file')).toThrow(
      expect.objectContaining({ code: 'DATA_TOKENIZER_INVALID', message: expect.stringContaining(name) }),
    );
  });
});

describe.skipIf(!hasTool('@huggingface/tokenizers'))('beside @huggingface/tokenizers', () => {
  it.each(DOCUMENTS)('%s: the same tokens, and the same text back', async (_, make) => {
    const { Tokenizer } = await importTool<HubTokenizers>('@huggingface/tokenizers');
    const json = await make();
    const theirs = new Tokenizer(JSON.parse(json), { clean_up_tokenization_spaces: false });
    const ours = createBpeTokenizer(parseTokenizerDocument(json, 'file'), 2010, 'file');
    fc.assert(
      fc.property(TEXT, (text) => {
        // Their white space is JavaScript's, which these two are not or only here.
        fc.pre(!/[\u0085\ufeffſ]/.test(text));
        const ids = ours.encode(text);
        expect(ids).toEqual([...theirs.encode(text, { add_special_tokens: false }).ids]);
        if (ids.length > 0) {
          expect(ours.decode(ids)).toBe(theirs.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('createBpeTrainer', () => {
  const learn = (text: string, vocabSize: number) => {
    const trainer = createBpeTrainer();
    trainer.count(text);
    return trainer.train(vocabSize);
  };

  it('joins the most frequent pair first, the lower ids among equals', () => {
    const { model } = parseTokenizerDocument(learn('ab ab ab cd cd', 260), 'file');
    // "cd" and " ab" stand twice each; "c" has a lower id than the space.
    expect(model.merges.slice(0, 3)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      [byteLevelText(' '), 'ab'],
    ]);
    expect(model.vocab['<|endoftext|>']).toBe(259);
  });

  it('does not depend on how the text arrives, and encodes it in fewer tokens than bytes', () => {
    const text = 'she sells sea shells by the sea shore '.repeat(20);
    const trainer = createBpeTrainer();
    for (const part of text.match(/ ?\S+/g) ?? []) trainer.count(part);
    trainer.count(' ');
    const json = learn(text, 270);
    expect(trainer.train(270)).toBe(json);
    const { document, eos } = bundleOf(json, {}, 'file');
    const tokenizer = createBpeTokenizer(document, 270, 'file');
    expect(eos).toBe(269);
    expect(tokenizer.encode(text).length).toBeLessThan(text.length / 2);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('says when there is too little to learn', () => {
    expect(() => learn('aa', 300)).toThrow(expect.objectContaining({ code: 'DATA_VOCABULARY_INVALID' }));
  });
});
