import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signProposal } from '../codec/consensus-messages.ts';
import type { Block } from '../codec/types.ts';
import { signVote } from '../codec/votes.ts';
import { NO_LOCK } from '../consensus/state.ts';
import { GENESIS_HASH, testBlock, testSigners } from '../consensus/testing/fixtures.ts';
import type { WalRecord } from '../consensus/types.ts';
import { createFileWal } from './file-wal.ts';

const [signer] = testSigners(1);
if (signer === undefined) throw new Error('one signer');
const authority = signer.address;

function vote(height: number, round: number, validBlock?: Block): WalRecord {
  const place = { type: 'precommit' as const, height, round, blockHash: undefined, authority };
  const signed = signVote(place, GENESIS_HASH, signer as NonNullable<typeof signer>);
  const lock = validBlock === undefined ? NO_LOCK : { ...NO_LOCK, validRound: round, validBlock, justification: [signed] };
  return { type: 'vote', vote: signed, lock };
}

function proposal(height: number, round: number, block: Block): WalRecord {
  const fields = { height, round, validRound: undefined, block, authority };
  return { type: 'proposal', proposal: signProposal(fields, GENESIS_HASH, signer as NonNullable<typeof signer>) };
}

describe('the write-ahead log file', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pol-wal-'));
    path = join(folder, 'deep', 'consensus.wal');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function written(records: readonly WalRecord[]): Promise<Uint8Array> {
    const wal = createFileWal(path);
    for (const record of records) await wal.append(record);
    await wal.close();
    return new Uint8Array(await readFile(path));
  }

  async function reread(): Promise<readonly WalRecord[]> {
    const wal = createFileWal(path);
    try {
      return await wal.read(0);
    } finally {
      await wal.close();
    }
  }

  const block = testBlock({ height: 2, proposer: authority, salt: 'x'.repeat(5_000) });
  const records = [vote(1, 0), proposal(2, 0, block), vote(2, 0, block), vote(2, 1, block)];

  it('gives back what was appended, also after it is opened again', async () => {
    await written(records);
    expect(await reread()).toEqual(records);
    const wal = createFileWal(path);
    await wal.append(vote(3, 0));
    expect(await wal.read(2)).toEqual([...records.slice(1), vote(3, 0)]);
    expect(await wal.read(4)).toEqual([]);
    await wal.close();
    expect(await reread()).toHaveLength(5);
  });

  it('writes a block once, however many records name it', async () => {
    const { length } = await written(records);
    expect(length).toBeGreaterThan(5_000);
    expect(length).toBeLessThan(7_000);
  });

  it('drops a record cut off anywhere, keeps all before it, and appends after that', async () => {
    const whole = await written(records);
    await rm(path);
    const kept = (await written(records.slice(0, 3))).length;
    for (const cut of [1, 2, 5, 12, 40, whole.length - kept - 1, whole.length - kept]) {
      await writeFile(path, whole);
      await truncate(path, whole.length - cut);
      expect(await reread()).toEqual(records.slice(0, 3));
      const wal = createFileWal(path);
      await wal.append(records[3] as WalRecord);
      await wal.close();
      expect(await reread()).toEqual(records);
    }
  });

  it('drops a last record whose bytes never reached the disk', async () => {
    const whole = await written(records.slice(0, 2));
    await appendFile(path, new Uint8Array(700));
    expect(await reread()).toEqual(records.slice(0, 2));
    const damaged = Uint8Array.from(whole);
    damaged.fill(0, damaged.length - 30);
    await writeFile(path, damaged);
    expect(await reread()).toEqual(records.slice(0, 1));
  });

  it('refuses damage before the end: a forgotten vote may be contradicted', async () => {
    const whole = await written(records);
    whole[20] = (whole[20] ?? 0) ^ 1;
    await writeFile(path, whole);
    await expect(reread()).rejects.toMatchObject({ code: 'CONSENSUS_LOG_CORRUPT' });
    expect((await readFile(path)).length).toBe(whole.length);
  });

  it('forgets the heights that are final, and no others', async () => {
    const wal = createFileWal(path);
    for (const record of records) await wal.append(record);
    await wal.prune(2);
    expect(await wal.read(0)).toEqual(records.slice(1));
    await wal.append(vote(3, 0, block));
    await wal.close();
    expect(await reread()).toEqual([...records.slice(1), vote(3, 0, block)]);
    const again = createFileWal(path);
    await again.prune(4);
    expect(await again.read(0)).toEqual([]);
    expect((await stat(path)).size).toBe(0);
    // The block was dropped with its records: it is written anew with the next that names it.
    await again.append(vote(4, 0, block));
    await again.close();
    expect(await reread()).toEqual([vote(4, 0, block)]);
  });

  it('keeps the order of appends that were not awaited', async () => {
    const wal = createFileWal(path);
    const many = Array.from({ length: 30 }, (_, i) => vote(5, i));
    await Promise.all(many.map((record) => wal.append(record)));
    await wal.close();
    expect(await reread()).toEqual(many);
  });
});
