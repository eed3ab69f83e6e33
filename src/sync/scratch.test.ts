import { it } from 'vitest';
import { verifyCertificate } from '../codec/certificate.ts';
import { openLmdbStore } from '../store/lmdb.ts';
import { createMemoryStore } from '../store/memory.ts';
import { fabricate, LARGE_SHAPE, SMALL_SHAPE } from './testing/fabricate.ts';

it('builds', async () => {
  const dir = process.env.FAB_DIR ?? '';
  const store = dir === '' ? createMemoryStore() : await openLmdbStore(dir + '/chain');
  const height = Number(process.env.FAB_HEIGHT ?? 300);
  let t = performance.now();
  const net = await fabricate(
    { height, directory: dir === '' ? '/tmp/pol/fab' : dir, shape: process.env.FAB_LARGE ? LARGE_SHAPE : SMALL_SHAPE },
    { store },
  );
  console.log(
    'ms per block',
    (performance.now() - t) / height,
    net.chain.state.settledRound,
    net.chain.state.minted,
    net.chain.state.open.number,
  );
  t = performance.now();
  for (let h = 1; h <= 200; h++) {
    const r = net.blocks.block(h)!;
    verifyCertificate(r.final.certificate, {
      genesisHash: net.context.genesisHash,
      authorities: net.genesis.authorities.map((a) => Buffer.from(a.address.slice(2), 'hex')),
    });
  }
  console.log('verify ms per certificate', (performance.now() - t) / 200);
  let last = 0;
  for (let h = 1; h <= height; h++)
    if ((await import('../execution/block-view.ts')).decodeBlock(net.blocks.block(h)!.final.block.execution).withdrawals.length > 0)
      last = h;
  console.log('last withdrawal at', last);
}, 3600_000);
