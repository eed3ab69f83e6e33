import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSystemCode, storeError, wrapStoreError } from './errors.ts';
import { processIsAlive, processStart } from './process.ts';

const LOCK_FILE = 'node.lock';
/** Takers of one stale lock may collide; each attempt ends with one more of them seeing the winner. */
const MAX_ATTEMPTS = 5;

interface Holder {
  readonly pid: number;
  /** See processStart; undefined where the system does not tell. */
  readonly start: string | undefined;
}

export interface DirectoryLock {
  /** Idempotent. */
  release(): Promise<void>;
}

/**
 * Makes this process the only node of a data directory, by a lock file with its process number and start. A lock whose
 * process is gone (or whose number belongs to a later process) is taken over.
 *
 * @throws STORE_DIRECTORY_IN_USE, STORE_OPEN_FAILED
 */
export async function lockDataDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, LOCK_FILE);
  const own = JSON.stringify({ pid: process.pid, start: processStart(process.pid) });
  // Written aside and linked, so that nobody ever reads half of it; `link`, as `wx`, fails when the name exists.
  const aside = `${path}.${process.pid}-${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(aside, own, { flag: 'wx' });
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await linked(aside, path)) return releasable(path, own);
      const found = await contentOf(path);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (holder !== undefined && isRunning(holder)) throw inUse(directory, holder);
      await removeStale(path, found);
    }
    throw storeError('STORE_DIRECTORY_IN_USE', `the data directory ${directory} is being opened by several nodes at once: start one`);
  } catch (error) {
    throw wrapStoreError(error, 'STORE_OPEN_FAILED', directory);
  } finally {
    await rm(aside, { force: true });
  }
}

function inUse(directory: string, holder: Holder) {
  return storeError(
    'STORE_DIRECTORY_IN_USE',
    `the data directory ${directory} is in use by process ${holder.pid}: stop that node or choose another --data-dir`,
    { data: { pid: holder.pid } },
  );
}

function isRunning(holder: Holder): boolean {
  if (!processIsAlive(holder.pid)) return false;
  const start = processStart(holder.pid);
  return start === undefined || holder.start === undefined || start === holder.start;
}

function releasable(path: string, own: string): DirectoryLock {
  let held = true;
  return {
    async release() {
      if (!held) return;
      held = false;
      if ((await contentOf(path)) === own) await rm(path, { force: true });
    },
  };
}

/** Far longer than a removal takes. */
const GUARD_LIFETIME_MS = 10_000;

/**
 * Removes the stale lock, one taker at a time: while the guard directory stands, nobody else removes, so what was read as
 * stale is still what is removed. A guard whose maker died is forgotten after a while.
 */
async function removeStale(path: string, stale: string): Promise<void> {
  const guard = `${path}.takeover`;
  try {
    await mkdir(guard);
  } catch (error) {
    if (!hasSystemCode(error, 'EEXIST')) throw error;
    const made = await stat(guard).catch(() => undefined);
    if (made !== undefined && Date.now() - made.mtimeMs > GUARD_LIFETIME_MS) await rm(guard, { recursive: true, force: true });
    return;
  }
  try {
    if ((await contentOf(path)) === stale) await rm(path, { force: true });
  } finally {
    await rm(guard, { recursive: true, force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Undefined for anything that this file did not write: treated as stale. */
function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number') return undefined;
    return { pid: value.pid, start: 'start' in value && typeof value.start === 'string' ? value.start : undefined };
  } catch {
    return undefined;
  }
}
