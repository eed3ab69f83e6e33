import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../primitives/bytes.ts';
import { describeDataset } from '../dataset.ts';
import { openSource, pinSource, type SourceOptions } from '../source.ts';
import { COMMIT, type FakeHub, hastyClock, startFakeHub } from '../testing/fake-hub.ts';
import { documentsOf } from './documents.ts';
import { hubSourceText, parseHubSource } from './hub.ts';

const parquet = (column: string, data: readonly (string | null)[]) =>
  new Uint8Array(parquetWriteBuffer({ columnData: [{ name: column, data: [...data], type: 'STRING' }], rowGroupSize: 2 }));
const FILES = {
  'default/train/0000.parquet': parquet('text', ['one', 'two', null, 'three']),
  'default/train/0001.parquet': parquet('text', ['four']),
  'default/test/0000.parquet': parquet('text', ['held']),
  'other/train/0000.parquet': parquet('body', ['else']),
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pol-hub-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function optionsFor({ endpoint }: FakeHub, token?: string): SourceOptions {
  const environment = { HF_ENDPOINT: endpoint, HF_TOKEN: token };
  return { baseDirectory: directory, remote: { fetch, clock: hastyClock, environment, directory } };
}

async function textsOf(source: string, options: SourceOptions): Promise<string[]> {
  const texts: string[] = [];
  for (const file of await openSource(source, options)) {
    for await (const document of documentsOf(file)) {
      let text = '';
      for await (const piece of document.pieces) text += piece;
      texts.push(text);
    }
  }
  return texts;
}

describe('hf://datasets', () => {
  it.each([
    ['hf://datasets/me/book', { name: 'me/book', config: undefined, split: 'train', column: undefined }],
    ['hf://datasets/me/book/test', { name: 'me/book', config: undefined, split: 'test' }],
    ['hf://datasets/me/book/other/train:body', { name: 'me/book', config: 'other', split: 'train', column: 'body' }],
    ['hf://datasets/me/book@abc/other/train', { name: 'me/book', revision: 'abc', config: 'other' }],
    ['hf://datasets/wikitext@abc/raw/train', { name: 'wikitext', revision: 'abc', config: 'raw' }],
  ])('%s names its parts', (source, parts) => {
    expect(parseHubSource(source)).toMatchObject(parts);
  });

  it('refuses what is no name', () => {
    for (const source of ['hf://datasets/', 'hf://datasets/a/b/c/d/e', 'hf://models/a/b', 'hf://datasets/a/b//c']) {
      expect(() => parseHubSource(source)).toThrow(expect.objectContaining({ code: 'DATA_SOURCE_NOT_FOUND' }));
    }
  });

  it('reads a split, another one, another configuration and column, over pages of the listing', async () => {
    const hub = await startFakeHub(FILES, { pageSize: 1 });
    const options = optionsFor(hub);
    expect(await textsOf('hf://datasets/me/book', options)).toEqual(['one', 'two', 'three', 'four']);
    expect(await textsOf('hf://datasets/me/book/test', options)).toEqual(['held']);
    expect(await textsOf('hf://datasets/me/book/other/train:body', options)).toEqual(['else']);
    await expect(textsOf('hf://datasets/me/book/other/train', options)).rejects.toMatchObject({
      code: 'DATA_RECORD_INVALID',
      message: expect.stringContaining('it has: body'),
    });
    await expect(textsOf('hf://datasets/me/book/validation', options)).rejects.toMatchObject({
      code: 'DATA_SOURCE_NOT_FOUND',
      message: expect.stringContaining('default/test, default/train, other/train'),
    });
  });

  it('pins the commit, and reads it from the cache the next time', async () => {
    const hub = await startFakeHub(FILES);
    const pinned = await pinSource('hf://datasets/me/book', optionsFor(hub));
    expect(pinned).toBe(`hf://datasets/me/book@${COMMIT}/default/train`);
    expect(hubSourceText(parseHubSource(pinned))).toBe(pinned);
    await textsOf(pinned, optionsFor(hub));
    const files = () => hub.requests.filter((request) => request.startsWith('/datasets/')).length;
    const before = files();
    expect(await textsOf(pinned, optionsFor(hub))).toEqual(['one', 'two', 'three', 'four']);
    expect(files()).toBe(before);
  });

  it('takes the repository’s own files where the hub has made no Parquet', async () => {
    const hub = await startFakeHub(
      { 'data/train-1.jsonl': utf8('{"text":"a"}\n{"text":"b"}\n'), 'data/test.jsonl': utf8('{"text":"c"}\n'), 'README.md': utf8('#') },
      { branch: 'main' },
    );
    expect(await textsOf('hf://datasets/me/book', optionsFor(hub))).toEqual(['a', 'b']);
  });

  it('sends the token, and says so when one is needed', async () => {
    const hub = await startFakeHub(FILES, { token: 'secret' });
    expect(await textsOf('hf://datasets/me/book/test', optionsFor(hub, 'secret'))).toEqual(['held']);
    await expect(textsOf('hf://datasets/me/book', optionsFor(hub))).rejects.toMatchObject({ message: expect.stringContaining('HF_TOKEN') });
  });

  it('has one root, however the connection fails', async () => {
    const words = Array.from({ length: 400 }, (_, i) => `word ${i} and more text that fills a few tokens.`);
    const hub = await startFakeHub({ 'default/train/0000.parquet': parquet('text', words) });
    const load = async (cache: string) => {
      const { remote } = optionsFor(hub);
      return describeDataset(
        { source: 'hf://datasets/me/book', vocabSize: 512, contextLength: 16, cacheDirectory: join(directory, cache), heldOutPpm: 100_000 },
        { baseDirectory: directory, remote },
      );
    };
    const calm = await load('calm');
    hub.faults.push('drop', { status: 429, retryAfter: '2' }, 'short', 'refuse', 'wrong-bytes', 'no-range');
    expect(await load('rough')).toEqual(calm);
    expect(calm.heldOutTokens).toBeGreaterThan(100);
    hub.always = 'wrong-length';
    await expect(load('wrong')).rejects.toMatchObject({ code: 'DATA_DOWNLOAD_FAILED' });
  });
});

describe('an address', () => {
  it('is fetched once, with its column', async () => {
    const hub = await startFakeHub({ 'x/data.jsonl': utf8('{"a":{"b":"one"}}\n\n{"a":{"b":"two"}}') });
    const url = `${hub.endpoint}/datasets/me/book/resolve/${COMMIT}/x/data.jsonl`;
    hub.faults.push('drop');
    expect(await textsOf(`${url}#a.b`, optionsFor(hub))).toEqual(['one', 'two']);
    const asked = hub.requests.length;
    await expect(textsOf(url, optionsFor(hub))).rejects.toMatchObject({ message: expect.stringContaining('the record has: a') });
    expect(hub.requests).toHaveLength(asked);
  });
});
