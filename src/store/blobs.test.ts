import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { createFileBlobStore } from './blobs.ts';
import { createMemoryBlobStore } from './memory-blobs.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pol-blobs-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const id = (n: number) => new Uint8Array(32).fill(n);

for (const [name, create] of [
  ['files', () => createFileBlobStore(directory)],
  ['durable files', () => createFileBlobStore(directory, { durable: true })],
  ['memory', createMemoryBlobStore],
] as const) {
  describe(`blobs in ${name}`, () => {
    it('are put, read, listed in order and deleted', async () => {
      const blobs = create();
      expect(await blobs.list()).toEqual([]);
      await blobs.put(id(0xab), Uint8Array.of(1, 2, 3));
      await blobs.put(id(0x0b), new Uint8Array(0));
      await blobs.put(id(0xab), Uint8Array.of(1, 2, 3));
      expect(await blobs.get(id(0xab))).toStrictEqual(Uint8Array.of(1, 2, 3));
      expect(await blobs.get(id(0x0b))).toStrictEqual(new Uint8Array(0));
      expect(await blobs.list()).toStrictEqual([id(0x0b), id(0xab)]);
      await blobs.delete(id(0xab));
      await blobs.delete(id(0xab));
      expect(await blobs.has(id(0xab))).toBe(false);
      expect(await blobs.get(id(0xab))).toBeUndefined();
    });

    it('have identities of 32 bytes', async () => {
      const blobs = create();
      await expect(blobs.put(new Uint8Array(31), new Uint8Array(1))).rejects.toMatchObject({ code: 'STORE_BLOB_ID_INVALID' });
      await expect(blobs.get(new Uint8Array(33))).rejects.toMatchObject({ code: 'STORE_BLOB_ID_INVALID' });
    });
  });
}

describe('blob files', () => {
  it('are read by another store of the same directory, and leave nothing behind', async () => {
    const writers = [createFileBlobStore(directory), createFileBlobStore(directory)];
    const bytes = new Uint8Array(100_000).fill(3);
    await Promise.all(writers.map((blobs) => blobs.put(id(1), bytes)));
    expect(await createFileBlobStore(directory).get(id(1))).toStrictEqual(bytes);
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
  });

  it('are written again when a power failure left them short', async () => {
    const blobs = createFileBlobStore(directory);
    const name = toHex(id(2)).slice(2);
    await mkdir(join(directory, '02'));
    await writeFile(join(directory, '02', name), '');
    await blobs.put(id(2), Uint8Array.of(5));
    expect(await blobs.get(id(2))).toStrictEqual(Uint8Array.of(5));
  });

  it('lose the temporary files of dead processes on opening, and keep those being written', async () => {
    const folder = join(directory, 'tmp');
    await mkdir(folder);
    // Process numbers end at 2^22 on Linux: this one runs nowhere.
    for (const name of ['4194999-aa', 'junk', `${process.pid}-bb`, `${process.pid}-cc`]) await writeFile(join(folder, name), 'half');
    await utimes(join(folder, `${process.pid}-cc`), 1000, 1000);
    createFileBlobStore(directory);
    expect(await readdir(folder)).toEqual([`${process.pid}-bb`]);
  });

  it('ignore foreign files in listings', async () => {
    const blobs = createFileBlobStore(directory);
    await mkdir(join(directory, 'aa'));
    await writeFile(join(directory, 'aa', 'README'), 'x');
    expect(await blobs.list()).toEqual([]);
  });

  it('say which directory failed', async () => {
    await writeFile(join(directory, 'file'), 'x');
    expect(() => createFileBlobStore(join(directory, 'file'))).toThrow(expect.objectContaining({ code: 'STORE_BLOB_FAILED' }));
  });
});
