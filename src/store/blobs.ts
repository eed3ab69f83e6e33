import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromHex, toHex } from '../primitives/bytes.ts';
import { guardFiles, hasSystemCode, storeError, wrapStoreError } from './errors.ts';
import type { BlobStore } from './kv.ts';
import { processIsAlive } from './process.ts';

const BLOB_ID_BYTES = 32;
const TEMPORARY_FOLDER = 'tmp';
/** A temporary file older than this is a leftover even if its process number is in use (by another process, by now). */
const TEMPORARY_MAX_AGE_MS = 3_600_000;
const READ_BYTES = 2 ** 26;
const BLOB_NAME = /^[0-9a-f]{64}$/;
const FOLDER_NAME = /^[0-9a-f]{2}$/;
const TEMPORARY_NAME = /^(\d+)-[0-9a-f]+$/;

export interface FileBlobStoreOptions {
  /** Waits for the disk before `put` resolves. Off by default: a lost blob is fetched or computed again, its hash tells. */
  readonly durable?: boolean;
}

/**
 * Blobs as files `ab/abcd….`, named by the hexadecimal identity, in 256 folders. A blob is written aside and renamed, so
 * readers in other threads and processes never see half of it. Leftovers of killed processes are removed on opening.
 *
 * @throws STORE_BLOB_FAILED, STORE_DISK_FULL
 */
export function createFileBlobStore(directory: string, options: FileBlobStoreOptions = {}): BlobStore {
  const { durable = false } = options;
  const temporary = join(directory, TEMPORARY_FOLDER);
  try {
    mkdirSync(temporary, { recursive: true });
    removeLeftovers(temporary);
  } catch (error) {
    throw wrapStoreError(error, 'STORE_BLOB_FAILED', directory);
  }

  const guard = guardFiles(directory);

  function pathOf(id: Uint8Array): string {
    checkBlobId(id);
    const name = toHex(id).slice(2);
    return join(directory, name.slice(0, 2), name);
  }

  return {
    async put(id, bytes) {
      const path = pathOf(id);
      await guard(async () => {
        // A file of another size is what a power failure left of it.
        if ((await sizeOf(path)) === bytes.length) return;
        const aside = join(temporary, `${process.pid}-${randomBytes(8).toString('hex')}`);
        try {
          const file = await open(aside, 'wx');
          try {
            await file.writeFile(bytes);
            if (durable) await file.sync();
          } finally {
            await file.close();
          }
          await mkdir(dirname(path), { recursive: true });
          await rename(aside, path);
        } catch (error) {
          await rm(aside, { force: true });
          throw error;
        }
      });
    },

    async get(id) {
      const path = pathOf(id);
      return guard(async () => {
        try {
          return await readWhole(path);
        } catch (error) {
          if (hasSystemCode(error, 'ENOENT')) return undefined;
          throw error;
        }
      });
    },

    async has(id) {
      const path = pathOf(id);
      return (await guard(() => sizeOf(path))) !== undefined;
    },

    async delete(id) {
      const path = pathOf(id);
      await guard(() => rm(path, { force: true }));
    },

    async list() {
      return guard(async () => {
        const ids: Uint8Array[] = [];
        for (const folder of (await readdir(directory)).filter((name) => FOLDER_NAME.test(name)).sort()) {
          for (const name of (await readdir(join(directory, folder))).sort()) if (BLOB_NAME.test(name)) ids.push(fromHex(`0x${name}`));
        }
        return ids;
      });
    },
  };
}

/** @throws STORE_BLOB_ID_INVALID */
export function checkBlobId(id: Uint8Array): void {
  if (id.length !== BLOB_ID_BYTES) throw storeError('STORE_BLOB_ID_INVALID', `a blob's identity has ${id.length} bytes: it must have 32`);
}

/** In pieces: node's own readFile ends at 2 GiB. What is missing of a file that shrinks meanwhile stays zero, and its hash tells. */
async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array((await file.stat()).size);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(READ_BYTES, bytes.length - at));
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(TEMPORARY_NAME.exec(name)?.[1]);
    const path = join(folder, name);
    // Undefined: its writer has just renamed it.
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN);
    if (!processIsAlive(pid) || age > TEMPORARY_MAX_AGE_MS) rmSync(path, { force: true });
  }
}
