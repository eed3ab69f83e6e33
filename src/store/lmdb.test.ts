import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from './lmdb.ts';
import { describeKeyValueStore } from './store.compliance.ts';

const temporaryDirectory = () => mkdtemp(join(tmpdir(), 'pol-lmdb-'));

describeKeyValueStore('LMDB', async () => {
  const directory = await temporaryDirectory();
  return { store: await openLmdbStore(directory), remove: () => rm(directory, { recursive: true }) };
});

describe('LMDB on disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('has after reopening what was written before', async () => {
    const nested = join(directory, 'a', 'b');
    const first = await openLmdbStore(nested);
    await first.write([{ key: Uint8Array.of(1), value: Uint8Array.of(2) }]);
    await first.close();
    const second = await openLmdbStore(nested);
    expect(second.get(Uint8Array.of(1))).toStrictEqual(Uint8Array.of(2));
    await second.close();
  });

  it('grows past its first map size', async () => {
    const store = await openLmdbStore(directory);
    const value = new Uint8Array(1 << 20).fill(5);
    for (let i = 0; i < 8; i++) await store.write([{ key: Uint8Array.of(i), value }]);
    expect(store.get(Uint8Array.of(7))).toStrictEqual(value);
    await store.close();
  });

  it('names a damaged file instead of ending the process', async () => {
    const file = join(directory, 'data.mdb');
    await writeFile(file, new Uint8Array(65_536).fill(7));
    await expect(openLmdbStore(directory)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await writeFile(file, new Uint8Array(100));
    await expect(openLmdbStore(directory)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('names a file that was cut off', async () => {
    const store = await openLmdbStore(directory);
    for (let i = 0; i < 200; i++) await store.write([{ key: Uint8Array.of(i), value: new Uint8Array(1000) }]);
    await store.close();
    await truncate(join(directory, 'data.mdb'), 2 * 8192);
    await expect(openLmdbStore(directory)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('says so when the directory cannot be one', async () => {
    const file = join(directory, 'file');
    await writeFile(file, 'x');
    await expect(openLmdbStore(join(file, 'store'))).rejects.toMatchObject({ code: 'STORE_OPEN_FAILED' });
  });
});
