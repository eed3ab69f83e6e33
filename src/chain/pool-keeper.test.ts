import { describe, expect, it } from 'vitest';
import { alice, bob, CHAIN_ID, extend, openChain, signed } from '../execution/testing/fixture.ts';
import { silentLogger } from '../primitives/log.ts';
import { createPoolKeeper } from './pool-keeper.ts';
import { createTransactionPool } from './transaction-pool.ts';

describe('the pool keeper', () => {
  it('pools again after a restart what is still valid, and forgets the rest', async () => {
    const chain = await openChain();
    const open = () => {
      const pool = createTransactionPool({ chainId: CHAIN_ID }, { accounts: chain.engine.reader, head: () => chain.engine.head });
      return { pool, keeper: createPoolKeeper({ store: chain.store, pool, log: silentLogger }) };
    };
    const first = open();
    const raws = [signed(alice), signed(alice, { nonce: 1n }), signed(bob, { nonce: 5n })];
    for (const raw of raws) await first.pool.add(raw);
    await first.keeper.save();

    // The first is in a block before the node comes back.
    await extend(chain, raws.slice(0, 1));
    const second = open();
    await second.keeper.restore();
    expect(second.pool.content().pending.map(({ raw }) => raw)).toEqual([raws[1]]);
    expect(second.pool.content().queued.map(({ raw }) => raw)).toEqual([raws[2]]);

    await second.keeper.save();
    await extend(chain, raws.slice(1, 2));
    await second.pool.prune(second.pool.content().pending, []);
    await second.keeper.save();
    const third = open();
    await third.keeper.restore();
    expect(third.pool.content().pending).toEqual([]);
    expect(third.pool.size).toBe(1);
  });
});
