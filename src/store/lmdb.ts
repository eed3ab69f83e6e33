import { mkdirSync, statfsSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';
import { plainBytes } from '../primitives/bytes.ts';
import { diskFull, storeError, wrapStoreError } from './errors.ts';
import { checkKey } from './keys.ts';
import type { KeyValueStore } from './kv.ts';
import { checkLmdbFile } from './lmdb-file.ts';

/** 8 KiB pages allow keys of 1978 bytes and suit a trie's nodes of some hundred bytes. */
const PAGE_BYTES = 8192;
/** LMDB reports a short write as EIO (5); below this much free space that means a full disk. */
const LEAST_FREE_BYTES = 1 << 20;
const EIO = 5;

/**
 * Opens, or creates, an LMDB environment in a directory. The file's map grows as needed.
 *
 * A batch is one synchronous LMDB transaction with its fsync (some 0.5 ms on a solid-state disk): the asynchronous one
 * does not abort when its callback throws, and a failing commit surfaces as an unhandled rejection beside the error.
 *
 * @throws STORE_OPEN_FAILED, STORE_CORRUPT
 */
export async function openLmdbStore(directory: string): Promise<KeyValueStore> {
  let database: RootDatabase<Uint8Array, Uint8Array>;
  try {
    mkdirSync(directory, { recursive: true });
    checkLmdbFile(directory);
    database = open<Uint8Array, Uint8Array>({
      path: directory,
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      pageSize: PAGE_BYTES,
      overlappingSync: false,
    });
  } catch (error) {
    throw wrapStoreError(error, 'STORE_OPEN_FAILED', directory);
  }
  let isOpen = true;

  function checkOpen(): void {
    if (!isOpen) throw storeError('STORE_CLOSED', `the store in ${directory} is closed`);
  }

  function read<T>(what: () => T): T {
    checkOpen();
    try {
      return what();
    } catch (error) {
      throw wrapStoreError(error, 'STORE_READ_FAILED', directory);
    }
  }

  return {
    get(key) {
      checkKey(key);
      const value = read(() => database.get(key));
      return value === undefined ? undefined : plainBytes(value);
    },

    has(key) {
      checkKey(key);
      return read(() => database.doesExist(key));
    },

    *range({ from, to, reverse = false, limit }) {
      const bounds = reverse ? { start: to, end: from, exclusiveStart: true, inclusiveEnd: true } : { start: from, end: to };
      const entries = read(() => database.getRange({ ...bounds, reverse, ...(limit === undefined ? {} : { limit }) }));
      for (const { key, value } of entries) yield { key: plainBytes(key), value: plainBytes(value) };
    },

    async write(batch) {
      checkOpen();
      // Before the transaction: LMDB drops a write with an over-long key silently.
      for (const { key } of batch) checkKey(key);
      if (batch.length === 0) return;
      try {
        database.transactionSync(() => {
          for (const { key, value } of batch) {
            if (value === undefined) database.removeSync(key);
            else database.putSync(key, value);
          }
        });
      } catch (error) {
        throw isFull(error, directory) ? diskFull(error, directory) : wrapStoreError(error, 'STORE_WRITE_FAILED', directory);
      }
    },

    async close() {
      if (!isOpen) return;
      isOpen = false;
      await database.close();
    },
  };
}

function isFull(error: unknown, directory: string): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error) || error.code !== EIO) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize < LEAST_FREE_BYTES;
}
