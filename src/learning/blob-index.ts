import { appendFile, readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, type Hex, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlobStore } from '../store/kv.ts';
import { readIfPresent, removeIfPresent, subdirectory } from './files.ts';

const SUFFIX = '.ids';
const ID_BYTES = 32;

/** Which blobs were made or fetched for which round, on disk, so that a restart leaks none. */
export interface BlobIndex {
  /** To be called before the blob is put: a crash in between leaves a name without a blob, never a blob without a name. */
  note(round: number, ids: readonly Hash[]): Promise<void>;
  /** True when some kept round names it. */
  knows(id: Hash): boolean;
  /** Deletes the blobs of earlier rounds, but for those that a later round names too. */
  dropBefore(round: number): Promise<void>;
}

/** One append-only file of 32-byte identities for each round; a torn last entry is cut off. */
export async function openBlobIndex(
  options: { readonly directory: string },
  dependencies: { readonly blobs: BlobStore },
): Promise<BlobIndex> {
  const directory = await subdirectory(options.directory, 'blob-index');
  const pathOf = (round: number) => join(directory, `${round}${SUFFIX}`);
  const rounds = new Map<number, Set<Hex>>();
  for (const name of await readdir(directory)) {
    const round = Number(name.slice(0, -SUFFIX.length));
    if (!name.endsWith(SUFFIX) || !Number.isSafeInteger(round)) continue;
    const bytes = (await readIfPresent(pathOf(round))) ?? new Uint8Array();
    // Later entries must not be appended to half an entry.
    if (bytes.length % ID_BYTES !== 0) await truncate(pathOf(round), bytes.length - (bytes.length % ID_BYTES));
    const ids = new Set<Hex>();
    for (let at = 0; at + ID_BYTES <= bytes.length; at += ID_BYTES) ids.add(toHex(bytes.subarray(at, at + ID_BYTES)));
    rounds.set(round, ids);
  }
  return {
    async note(round, ids) {
      const known = rounds.get(round) ?? new Set<Hex>();
      rounds.set(round, known);
      const added = ids.filter((id) => !known.has(toHex(id)));
      for (const id of added) known.add(toHex(id));
      if (added.length > 0) await appendFile(pathOf(round), Buffer.concat(added));
    },
    knows: (id) => [...rounds.values()].some((ids) => ids.has(toHex(id))),
    async dropBefore(round) {
      const kept = new Set<Hex>();
      for (const [number, ids] of rounds) if (number >= round) for (const id of ids) kept.add(id);
      for (const [number, ids] of [...rounds]) {
        if (number >= round) continue;
        for (const id of ids) if (!kept.has(id)) await dependencies.blobs.delete(fromHex(id));
        await removeIfPresent(pathOf(number));
        rounds.delete(number);
      }
    },
  };
}
