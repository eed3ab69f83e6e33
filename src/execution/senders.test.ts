import { describe, expect, it } from 'vitest';
import { isRecovered, recoverKeys } from './crypto.ts';
import { recoverSenders } from './senders.ts';
import { alice, signed } from './testing/fixture.ts';
import { decodeTransaction, signatureOf } from './transactions.ts';
import { systemPace } from './watch.ts';

/** Transactions that nobody has decoded yet: signing decodes, so the data of a signed one is changed. */
function unseen(count: number, mark: number): Uint8Array[] {
  const raw = signed(alice);
  return Array.from({ length: count }, (_, i) => {
    const other = raw.slice();
    // The nonce: another digest, hence another key, but a key all the same.
    other[raw.indexOf(0x80, 4)] = 1 + ((i + mark) % 100);
    return other;
  });
}

describe('recoverSenders', () => {
  it('shares the work with other threads, and remembers every key', async () => {
    const raws = unseen(20, 0);
    let elsewhere = 0;
    const thread = async (recoveries: Uint8Array) => {
      elsewhere += recoveries.length / 97;
      return recoverKeys(recoveries);
    };
    await recoverSenders([...raws, Uint8Array.of(1)], { threads: [thread], pace: systemPace });
    expect(elsewhere).toBe(10);
    for (const raw of raws) expect(isRecovered(signatureOf(raw) ?? new Uint8Array(0))).toBe(true);
    const asked = elsewhere;
    await recoverSenders(raws, { threads: [thread], pace: systemPace });
    expect(elsewhere).toBe(asked);
  });

  it('leaves to decoding what a dead thread, or a signature without a key, did not give', async () => {
    const raws = unseen(20, 30);
    await recoverSenders(raws, { threads: [() => Promise.reject(new Error('gone'))], pace: systemPace });
    for (const raw of raws) expect(decodeTransaction(raw, 31_337).from).toHaveLength(20);
    const without = signed(alice).slice();
    without.fill(0xff, without.length - 65, without.length - 33);
    await recoverSenders(
      Array.from({ length: 9 }, () => without),
      { threads: [async (all) => recoverKeys(all)], pace: systemPace },
    );
    expect(() => decodeTransaction(without, 31_337)).toThrow(expect.objectContaining({ code: 'EXECUTION_TX_SENDER_INVALID' }));
  });
});
