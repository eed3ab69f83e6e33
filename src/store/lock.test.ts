import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDataDirectory } from './lock.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pol-lock-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('lockDataDirectory', () => {
  it('lets one holder in, and the next after its release', async () => {
    const lock = await lockDataDirectory(directory);
    await expect(lockDataDirectory(directory)).rejects.toMatchObject({
      code: 'STORE_DIRECTORY_IN_USE',
      message: `the data directory ${directory} is in use by process ${process.pid}: stop that node or choose another --data-dir`,
    });
    await lock.release();
    await lock.release();
    const next = await lockDataDirectory(directory);
    await next.release();
    expect(await readdir(directory)).toEqual([]);
  });

  it('creates a directory that is not there', async () => {
    const lock = await lockDataDirectory(join(directory, 'new', 'node'));
    await lock.release();
  });

  it('takes over the lock of a process that is gone', async () => {
    const gone = Number(execFileSync(process.execPath, ['-p', 'process.pid']).toString());
    await writeFile(join(directory, 'node.lock'), JSON.stringify({ pid: gone, start: 'x/1' }));
    const lock = await lockDataDirectory(directory);
    expect(JSON.parse(await readFile(join(directory, 'node.lock'), 'utf8')).pid).toBe(process.pid);
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('takes over a lock whose process number belongs to a later process', async () => {
    await writeFile(join(directory, 'node.lock'), JSON.stringify({ pid: process.pid, start: 'an earlier boot/1' }));
    const lock = await lockDataDirectory(directory);
    await lock.release();
  });

  it('takes over a lock file that makes no sense', async () => {
    await writeFile(join(directory, 'node.lock'), '');
    const lock = await lockDataDirectory(directory);
    await lock.release();
  });

  it('lets exactly one of several takers of a stale lock win', async () => {
    await writeFile(join(directory, 'node.lock'), JSON.stringify({ pid: 4_194_999 }));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDirectory(directory)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'STORE_DIRECTORY_IN_USE' });
  });

  it('does not remove a lock that is not its own any more', async () => {
    const lock = await lockDataDirectory(directory);
    await writeFile(join(directory, 'node.lock'), JSON.stringify({ pid: 1 }));
    await lock.release();
    expect(await readdir(directory)).toEqual(['node.lock']);
  });
});
