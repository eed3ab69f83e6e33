import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alice, bob, CHAIN_ID, carol, extend, openChain, RICH_BALANCE, signed, signerOf } from '../execution/testing/fixture.ts';
import { decodeTransaction } from '../execution/transactions.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Signer } from '../primitives/keys.ts';
import { WEI_PER_GWEI, WEI_PER_POL } from '../primitives/units.ts';
import { MAX_TRANSACTION_BYTES_PER_BLOCK } from './limits.ts';
import { createTransactionPool } from './transaction-pool.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const gwei = (n: number) => BigInt(n) * WEI_PER_GWEI;
const read = (raw: Uint8Array) => decodeTransaction(raw, CHAIN_ID);
const tipOf = (signer: Signer, nonce: bigint, tip: number) =>
  signed(signer, { nonce, maxFeePerGas: gwei(100), maxPriorityFeePerGas: gwei(tip) });

async function setUp() {
  const chain = await openChain();
  const { engine } = chain;
  const pool = createTransactionPool({ chainId: CHAIN_ID }, { accounts: engine.reader, head: () => engine.head });
  return {
    pool,
    engine,
    async block(...raws: Uint8Array[]) {
      await extend(chain, raws);
      await pool.prune(raws.map(read), []);
    },
  };
}

/** Accounts that all have coins, on a head that never moves. */
function endless(maxTransactions = 100) {
  const head = { nextBaseFeePerGas: gwei(1), baseFeePerGas: gwei(1), gasLimit: 30_000_000n } as never;
  return createTransactionPool(
    { chainId: CHAIN_ID, maxTransactions },
    { accounts: { balance: async () => RICH_BALANCE, nonce: async () => 0n }, head: () => head },
  );
}

describe('createTransactionPool', () => {
  it('orders by tip between senders and by nonce within one', async () => {
    const { pool } = await setUp();
    const [a0, a1, b0] = [tipOf(alice, 0n, 2), tipOf(alice, 1n, 9), tipOf(bob, 0n, 5)];
    for (const raw of [a1, a0, b0]) await pool.add(raw);
    expect(await pool.select()).toEqual([b0, a0, a1]);
    expect(await pool.nextNonce(alice.address)).toBe(2n);
  });

  it('judges fees by the next block’s base fee', async () => {
    const { pool, engine } = await setUp();
    // After an empty block the base fee falls by an eighth.
    const { nextBaseFeePerGas, baseFeePerGas } = engine.head;
    expect(nextBaseFeePerGas).toBeLessThan(baseFeePerGas);
    await pool.add(signed(alice, { maxFeePerGas: nextBaseFeePerGas, maxPriorityFeePerGas: 0n }));
    await expect(pool.add(signed(bob, { maxFeePerGas: nextBaseFeePerGas - 1n, maxPriorityFeePerGas: 0n }))).rejects.toThrow(
      code('POOL_UNDERPRICED'),
    );
    expect(await pool.select()).toHaveLength(1);
  });

  it('waits behind a gap, and goes on when it is closed', async () => {
    const { pool } = await setUp();
    const [first, third] = [signed(alice), signed(alice, { nonce: 2n })];
    await pool.add(first);
    await pool.add(third);
    expect(await pool.select()).toEqual([first]);
    expect(await pool.nextNonce(alice.address)).toBe(1n);
    await pool.add(signed(alice, { nonce: 1n }));
    expect(await pool.select()).toHaveLength(3);
    await expect(pool.add(signed(alice, { nonce: 64n }))).rejects.toThrow(code('POOL_NONCE_TOO_HIGH'));
  });

  it('replaces only for a tenth more of both fees', async () => {
    const { pool } = await setUp();
    const first = signed(alice, { maxFeePerGas: gwei(10), maxPriorityFeePerGas: gwei(1) });
    await pool.add(first);
    await expect(pool.add(first)).rejects.toThrow('already known');
    await expect(pool.add(signed(alice, { maxFeePerGas: gwei(20), maxPriorityFeePerGas: gwei(1) }))).rejects.toThrow(
      'replacement transaction underpriced',
    );
    const better = signed(alice, { maxFeePerGas: gwei(11), maxPriorityFeePerGas: (gwei(11) / 10n) as bigint });
    await pool.add(better);
    expect(await pool.select()).toEqual([better]);
    expect(pool.get(read(first).hash)).toBeUndefined();
    expect(pool.size).toBe(1);
  });

  it('counts everything pooled against the balance', async () => {
    const { pool } = await setUp();
    await pool.add(signed(alice, { value: RICH_BALANCE - WEI_PER_POL }));
    await expect(pool.add(signed(alice, { nonce: 1n, value: WEI_PER_POL }))).rejects.toThrow(
      /^insufficient funds for gas \* price \+ value/,
    );
    await expect(pool.add(signed(signerOf(50)))).rejects.toThrow(code('POOL_INSUFFICIENT_FUNDS'));
    await expect(pool.add(signed(alice, { nonce: 1n, gasLimit: 31_000_000n }))).rejects.toThrow(code('POOL_GAS_LIMIT'));
    await expect(pool.add(signed(alice, { chainId: 1 }))).rejects.toThrow(code('EXECUTION_TX_WRONG_CHAIN'));
  });

  it('adds one at a time, however many come at once', async () => {
    const { pool } = await setUp();
    const half = RICH_BALANCE / 2n;
    const results = await Promise.allSettled([0n, 1n, 2n].map((nonce) => pool.add(signed(alice, { nonce, value: half - WEI_PER_POL }))));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('follows the head: what is final, passed over or no longer payable is forgotten', async () => {
    const { pool, block } = await setUp();
    const poor = signed(alice, { nonce: 1n, value: 600n * WEI_PER_POL });
    for (const raw of [signed(alice), poor, signed(bob)]) await pool.add(raw);
    // Another node's block holds another transaction of the same nonce, which spends what the second one needs.
    await block(signed(alice, { value: 500n * WEI_PER_POL }));
    expect(pool.size).toBe(1);
    await expect(pool.add(signed(alice))).rejects.toThrow(code('POOL_NONCE_TOO_LOW'));
    await pool.prune([], [read(signed(bob)).hash]);
    expect(pool.size).toBe(0);
    expect(await pool.nextNonce(alice.address)).toBe(1n);
  });

  it('selects no more than a block carries', async () => {
    const pool = endless();
    const data = new Uint8Array(50_000);
    for (const signer of [alice, bob, carol]) await pool.add(signed(signer, { data, gasLimit: 5_000_000n }));
    const small = signed(signerOf(40), { maxPriorityFeePerGas: 1n });
    await pool.add(small);
    const selected = await pool.select();
    expect(selected.reduce((sum, raw) => sum + raw.length, 0)).toBeLessThanOrEqual(MAX_TRANSACTION_BYTES_PER_BLOCK);
    expect(selected).toHaveLength(3);
    expect(selected.at(-1)).toEqual(small);
  });

  it('makes room, when full, for what can be executed', async () => {
    const pool = endless(4);
    // Behind a gap each: none of them can ever be executed, whatever it offers.
    for (const n of [41, 42, 43, 44]) await pool.add(tipOf(signerOf(n), 1n, 50 + n - 41));
    await expect(pool.add(tipOf(signerOf(45), 1n, 50))).rejects.toThrow(code('POOL_FULL'));
    await pool.add(tipOf(alice, 0n, 1));
    expect(pool.size).toBe(4);
    expect(pool.get(read(tipOf(signerOf(41), 1n, 50)).hash)).toBeUndefined();
    for (const signer of [bob, carol, signerOf(46)]) await pool.add(tipOf(signer, 0n, 2));
    expect(await pool.select()).toHaveLength(4);
    // Full of what can be executed: only a better tip takes the place of the worst one, and nothing that waits does.
    await expect(pool.add(tipOf(signerOf(47), 0n, 1))).rejects.toThrow(code('POOL_FULL'));
    await expect(pool.add(tipOf(signerOf(47), 1n, 90))).rejects.toThrow(code('POOL_FULL'));
    await pool.add(tipOf(signerOf(47), 0n, 3));
    expect(pool.get(read(tipOf(alice, 0n, 1)).hash)).toBeUndefined();
  });

  it('keeps its promises over random histories of additions, blocks and drained accounts', async () => {
    const signers = Array.from({ length: 6 }, (_, i) => signerOf(i + 1));
    const nameOf = ({ address }: Signer) => toHex(address);
    const raws = new Map<string, Uint8Array>();
    const made = (sender: number, nonce: number, tip: number) => {
      const name = `${sender} ${nonce} ${tip}`;
      const raw = raws.get(name) ?? tipOf(signers[sender] ?? alice, BigInt(nonce), tip);
      raws.set(name, raw);
      return raw;
    };
    const cost = 21_000n * gwei(100) + 1n;
    const addition = fc.record({
      kind: fc.constant('add' as const),
      sender: fc.nat(5),
      nonce: fc.nat(5),
      tip: fc.integer({ min: 1, max: 12 }),
    });
    const block = fc.record({ kind: fc.constant('block' as const), baseFee: fc.integer({ min: 1, max: 90 }), take: fc.nat(4) });
    const drain = fc.record({ kind: fc.constant('drain' as const), sender: fc.nat(5), worth: fc.nat(4) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(addition, addition, addition, addition, block, drain), { maxLength: 60 }), async (events) => {
        const accounts = new Map(signers.map((signer) => [nameOf(signer), { nonce: 0n, balance: 4n * cost }]));
        const at = (address: Uint8Array) => accounts.get(toHex(address)) ?? { nonce: 0n, balance: 0n };
        let head = { nextBaseFeePerGas: gwei(1), gasLimit: 30_000_000n };
        const pool = createTransactionPool(
          { chainId: CHAIN_ID, maxTransactions: 8, maxBytes: 1_000 },
          { accounts: { balance: async (address) => at(address).balance, nonce: async (address) => at(address).nonce }, head: () => head },
        );
        for (const event of events) {
          const before = pool.content();
          if (event.kind === 'add') {
            const transaction = read(made(event.sender, event.nonce, event.tip));
            const same = [...before.pending, ...before.queued].find(
              ({ from, nonce }) => toHex(from) === toHex(transaction.from) && nonce === transaction.nonce,
            );
            let isTaken = true;
            try {
              await pool.add(transaction.raw);
            } catch {
              isTaken = false;
            }
            expect(pool.get(transaction.hash) !== undefined).toBe(
              isTaken || same?.maxPriorityFeePerGas === transaction.maxPriorityFeePerGas,
            );
            // A refusal changes nothing; what can be executed yields only to what can be executed.
            const after = pool.content();
            if (!isTaken) expect(new Set([...after.pending, ...after.queued])).toEqual(new Set([...before.pending, ...before.queued]));
            else if (after.queued.includes(transaction)) expect(after.pending.length).toBeGreaterThanOrEqual(before.pending.length);
          } else if (event.kind === 'drain') {
            const signer = signers[event.sender] ?? alice;
            accounts.set(nameOf(signer), { ...at(signer.address), balance: BigInt(event.worth) * cost });
            await pool.prune([{ hash: new Uint8Array(32), from: signer.address }], []);
          } else {
            const included = (await pool.select()).slice(0, event.take).map(read);
            head = { ...head, nextBaseFeePerGas: gwei(event.baseFee) };
            for (const { from, nonce } of included) {
              expect(nonce).toBe(at(from).nonce);
              accounts.set(toHex(from), { nonce: nonce + 1n, balance: at(from).balance - cost });
            }
            await pool.prune(included, []);
          }
          const { pending, queued } = pool.content();
          const all = [...pending, ...queued];
          expect(all).toHaveLength(pool.size);
          expect(pool.size).toBeLessThanOrEqual(8);
          expect(all.reduce((sum, { raw }) => sum + raw.length, 0)).toBeLessThanOrEqual(1_000);
          expect(new Set(all.map(({ from, nonce }) => `${toHex(from)} ${nonce}`)).size).toBe(all.length);
          for (const { from, nonce } of all) expect(nonce).toBeGreaterThanOrEqual(at(from).nonce);
          for (const transaction of all) expect(at(transaction.from).balance).toBeGreaterThanOrEqual(cost);
        }
      }),
      { numRuns: 150 },
    );
  });
});
