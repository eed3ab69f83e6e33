import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { hasSystemCode, storeError } from './errors.ts';

/**
 * Offsets in a meta page of LMDB's data file (mdb.c, MDB_page and MDB_meta on 64-bit machines: a page header of 24 bytes,
 * then magic, version, address, map size, two 48-byte database records, last page, transaction).
 */
const META_BYTES = 160;
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const FREE_ROOT_AT = 88;
const MAIN_ROOT_AT = 136;
const TRANSACTION_AT = 152;
const MAGIC = 0xbeefc0de;
/** Root of an empty tree. */
const NO_PAGE = 0xffffffffffffffffn;

/**
 * Looks at an existing data file before LMDB maps it into memory, where a foreign or cut-off file would end the process
 * with a segmentation fault instead of an error.
 *
 * @throws STORE_CORRUPT
 */
export function checkLmdbFile(directory: string): void {
  const path = join(directory, 'data.mdb');
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return;
    throw error;
  }
  try {
    const size = fstatSync(file).size;
    if (size === 0) return;
    const first = readMeta(file, 0);
    const second = first === undefined ? undefined : readMeta(file, first.pageBytes);
    if (first === undefined || second === undefined) throw corrupt(directory, 'it does not begin with two meta pages of LMDB');
    const newest = second.transaction > first.transaction ? second : first;
    for (const root of newest.roots) {
      if (root !== NO_PAGE && (root + 1n) * BigInt(newest.pageBytes) > BigInt(size)) throw corrupt(directory, 'it is cut off');
    }
  } finally {
    closeSync(file);
  }
}

function readMeta(file: number, at: number): { pageBytes: number; transaction: bigint; roots: readonly bigint[] } | undefined {
  const page = Buffer.alloc(META_BYTES);
  if (readSync(file, page, 0, META_BYTES, at) < META_BYTES || page.readUInt32LE(MAGIC_AT) !== MAGIC) return undefined;
  const pageBytes = page.readUInt32LE(PAGE_SIZE_AT);
  if (pageBytes < 256 || pageBytes > 65536) return undefined;
  return {
    pageBytes,
    transaction: page.readBigUInt64LE(TRANSACTION_AT),
    roots: [page.readBigUInt64LE(FREE_ROOT_AT), page.readBigUInt64LE(MAIN_ROOT_AT)],
  };
}

function corrupt(directory: string, reason: string) {
  return storeError(
    'STORE_CORRUPT',
    `${join(directory, 'data.mdb')} is damaged (${reason}): move it away and let the node synchronise anew`,
  );
}
