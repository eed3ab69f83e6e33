import { expect, it } from 'vitest';
import { createFileWal } from '../chain/file-wal.ts';
import { signProposal } from '../codec/consensus-messages.ts';
import { GENESIS_HASH, testBlock, testSigners } from '../consensus/testing/fixtures.ts';
import { createVirtualTime } from '../consensus/testing/virtual-time.ts';
import type { WalRecord } from '../consensus/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { createDiskFiles } from './disk-files.ts';
import { createRandom } from './random.ts';

const [signer] = testSigners(1);

function record(round: number): WalRecord {
  if (signer === undefined) throw new Error('one signer');
  const block = testBlock({ height: 1, proposer: signer.address, salt: String(round) });
  const place = { height: 1, round, validRound: undefined, block, authority: signer.address };
  return { type: 'proposal', proposal: signProposal(place, GENESIS_HASH, signer) };
}

const namesOf = (records: readonly WalRecord[]) => records.map((each) => (each.type === 'proposal' ? toHex(each.proposal.signature) : ''));

it('keeps what was synced and loses or tears the rest, and the production log reads what is left', async () => {
  const fates = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const time = createVirtualTime();
    const files = createDiskFiles();
    const wal = createFileWal('log', files.open(time));
    const durable = wal.append(record(0));
    await time.runUntil(10);
    await durable;
    // Power fails while the second is being synced.
    void wal.append(record(1));
    await time.runUntil(11);
    files.crash(createRandom(String(seed)));

    const left = (await files.open(time).open('log')).read();
    const again = createFileWal('log', files.open(time));
    const reading = again.read(1);
    await time.runUntil(30);
    const names = namesOf(await reading);
    expect(namesOf([record(0), record(1)]).slice(0, names.length)).toEqual(names);
    expect(names.length).toBeGreaterThan(0);
    fates.add(names.length === 2 ? 'kept' : (await left).length % 2 === 0 ? 'cut' : 'cut otherwise');
    // And it can be written on.
    const more = again.append(record(2));
    await time.runUntil(60);
    await more;
    const reread = createFileWal('log', files.open(time)).read(1);
    await time.runUntil(90);
    expect(namesOf(await reread)).toEqual([...names, ...namesOf([record(2)])]);
  }
  expect(fates.has('kept')).toBe(true);
  expect(fates.size).toBeGreaterThan(1);
});
