import { errorDomain, isPolError, messageOf, type PolError } from '../primitives/errors.ts';

/** What can go wrong with a node's disk. All are the operator's to mend: nothing here is caused by a client. */
export const storeError = errorDomain({
  STORE_KEY_INVALID: { explanation: 'A key is empty or longer than MAX_KEY_BYTES.' },
  STORE_RECORD_CORRUPT: { explanation: 'A stored record does not decode to its type.' },
  STORE_CORRUPT: { explanation: 'The database file is damaged or of another format.' },
  STORE_DISK_FULL: { explanation: 'The file system has no room for a write; nothing of the batch was stored.' },
  STORE_OPEN_FAILED: { explanation: 'The database cannot be opened: permissions, a missing directory, or a file in the way.' },
  STORE_READ_FAILED: { explanation: 'The engine refused a read for another reason.' },
  STORE_WRITE_FAILED: { explanation: 'The engine refused a batch for another reason; nothing of it was stored.' },
  STORE_CLOSED: { explanation: 'The store was used after it was closed.' },
  STORE_BLOB_ID_INVALID: { explanation: 'A blob is named by exactly 32 bytes.' },
  STORE_BLOB_FAILED: { explanation: 'A blob file cannot be read or written.' },
  STORE_DIRECTORY_IN_USE: { explanation: 'Another running node holds the data directory.' },
});

/** LMDB's error numbers (lmdb.h), and the system's for a full disk. */
const LMDB_CORRUPT = new Set([-30797, -30796, -30795, -30794, -30793]);
const LMDB_MAP_FULL = -30792;
const FULL = new Set<unknown>([LMDB_MAP_FULL, 28, 122, 'ENOSPC', 'EDQUOT']);

/** The `code` that a failing engine or file system put on its error, if any. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** True when a file-system error has this code ('ENOENT', 'EEXIST'…). */
export function hasSystemCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

/** Wraps a foreign error of the engine or the file system, and lets ours pass; `where` is the directory, for the operator. */
export function wrapStoreError(
  error: unknown,
  fallback: 'STORE_OPEN_FAILED' | 'STORE_READ_FAILED' | 'STORE_WRITE_FAILED' | 'STORE_BLOB_FAILED',
  where: string,
): PolError {
  if (isPolError(error)) return error;
  const code = codeOf(error);
  const reason = messageOf(error);
  if (FULL.has(code)) return diskFull(error, where);
  if (typeof code === 'number' && LMDB_CORRUPT.has(code)) {
    return storeError('STORE_CORRUPT', `the database in ${where} is damaged: move it away and let the node synchronise anew (${reason})`, {
      cause: error,
    });
  }
  return storeError(fallback, `${where}: ${reason}`, { cause: error });
}

/** Runs file operations on `where`; the system's errors become STORE_DISK_FULL or STORE_BLOB_FAILED. */
export function guardFiles(where: string): <T>(what: () => Promise<T>) => Promise<T> {
  return async (what) => {
    try {
      return await what();
    } catch (error) {
      throw wrapStoreError(error, 'STORE_BLOB_FAILED', where);
    }
  };
}

export function diskFull(cause: unknown, where: string) {
  return storeError('STORE_DISK_FULL', `no room left in ${where}: free space there`, { cause });
}
