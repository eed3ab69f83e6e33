import { describe, expect, it } from 'vitest';
import { agree, finalise, openNode } from '../chain/testing/network.ts';
import type { FinalBlock } from '../codec/types.ts';
import { createVirtualTime, settle } from '../consensus/testing/virtual-time.ts';
import { silentLogger } from '../primitives/log.ts';
import { storeError } from '../store/errors.ts';
import { createBlockSync } from './block-sync.ts';
import { SYNC_INTERVAL_MS } from './limits.ts';
import { fakePeers } from './testing/network.ts';
import { blocksRequestCodec, blocksResponseCodec } from './wire.ts';

/** A real chain of five blocks, made once. */
const BLOCKS: readonly FinalBlock[] = await (async () => {
  const node = await openNode();
  const made: FinalBlock[] = [];
  while (made.length < 5) made.push(await agree(node));
  return made;
})();

/** Serves these blocks, two at a time. */
const serving = (blocks: readonly FinalBlock[]) => (_: string, bytes: Uint8Array) => {
  const { from } = blocksRequestCodec.decode(bytes);
  const found = blocks.filter(({ block }) => block.header.height >= from).slice(0, 2);
  return found.length === 0 ? new Uint8Array(0) : blocksResponseCodec.encode(found);
};

async function setUp(peers: Parameters<typeof fakePeers>[0], commit?: (final: FinalBlock) => Promise<void>) {
  const { chain } = await openNode(1);
  const { world, network } = fakePeers(peers);
  const time = createVirtualTime(0);
  const imported: number[] = [];
  const sync = createBlockSync({
    network,
    height: () => chain.height,
    commit: commit ?? chain.commit,
    imported: async (height) => void imported.push(height),
    clock: time,
    log: silentLogger,
  });
  sync.start();
  return {
    chain,
    world,
    sync,
    imported,
    /** Block application uses timers of the system (WebAssembly, promises of libraries): waits for it, not for a time. */
    async look() {
      await time.runUntil(time.now() + SYNC_INTERVAL_MS);
      for (let i = 0; i < 200; i++) await settle();
    },
  };
}

describe('createBlockSync', () => {
  it('fetches what a peer has, in as many requests as it takes, and tells consensus once', async () => {
    const { chain, look, imported, world } = await setUp([{ id: 'ahead', height: 5, answer: serving(BLOCKS) }]);
    await look();
    expect(chain.height).toBe(5);
    expect(imported).toEqual([5]);
    expect(world.asked).toHaveLength(3);
    expect(world.penalised).toEqual([]);
  });

  it('leaves a lead of one block to consensus, unless the head stands still', async () => {
    const { chain, look, world } = await setUp([{ id: 'ahead', height: 1, answer: serving(BLOCKS.slice(0, 1)) }]);
    await look();
    expect(world.asked).toEqual([]);
    await look();
    expect(chain.height).toBe(1);
  });

  it('asks nobody when nobody is ahead', async () => {
    const { look, world, sync } = await setUp([{ id: 'level', height: 0 }]);
    await look();
    await look();
    expect(world.asked).toEqual([]);
    expect(sync.status).toBeUndefined();
  });

  it('passes over a peer that claims a height and brings nothing', async () => {
    const { chain, look, world } = await setUp([
      { id: 'liar', height: 1_000_000 },
      { id: 'honest', height: 5, answer: serving(BLOCKS) },
    ]);
    await look();
    expect(chain.height).toBe(5);
    expect(world.asked[0]).toBe('liar');
    expect(world.asked.filter((id) => id === 'liar')).toHaveLength(1);
  });

  it('does not go round in circles with a peer that repeats old blocks', async () => {
    const { look, world, chain } = await setUp([{ id: 'old', height: 9, answer: () => blocksResponseCodec.encode(BLOCKS.slice(0, 1)) }]);
    await look();
    expect(chain.height).toBe(1);
    expect(world.asked).toHaveLength(2);
  });

  it('penalises blocks that are malformed, not final or not next, and goes on with another peer', async () => {
    const [first, second] = BLOCKS;
    if (first === undefined || second === undefined) throw new Error('unreachable');
    const unsigned = finalise(first.block, []);
    for (const answer of [Uint8Array.of(1, 2, 3), blocksResponseCodec.encode([unsigned]), blocksResponseCodec.encode([second])]) {
      const { chain, look, world } = await setUp([
        { id: 'bad', height: 6, answer: () => answer },
        { id: 'good', height: 5, answer: serving(BLOCKS) },
      ]);
      await look();
      expect(world.penalised).toEqual(['bad']);
      expect(chain.height).toBe(5);
    }
  });

  it('does not blame a peer for its own disk', async () => {
    const { look, world } = await setUp([{ id: 'honest', height: 5, answer: serving(BLOCKS) }], async () => {
      throw storeError('STORE_DISK_FULL', 'the disk is full');
    });
    await look();
    expect(world.asked).toEqual(['honest']);
    expect(world.penalised).toEqual([]);
  });

  it('survives a peer that leaves in the middle', async () => {
    const peers = [{ id: 'leaving', height: 5, answer: serving(BLOCKS) }];
    const { chain, look, world, imported } = await setUp(peers, async (final) => {
      await chain.commit(final);
      world.peers = world.peers.filter(({ id }) => id !== 'leaving');
    });
    await look();
    expect(chain.height).toBe(2);
    expect(imported).toEqual([2]);
    world.peers = [{ account: undefined, id: 'other', height: 5, answer: serving(BLOCKS) } as (typeof world.peers)[number]];
    await look();
    expect(chain.height).toBe(5);
  });

  it('gives a request up when it is stopped', async () => {
    const { look, sync, world } = await setUp([{ id: 'silent', height: 5, answer: () => new Promise(() => {}) }]);
    await look();
    expect(sync.status).toEqual({ current: 0, highest: 5 });
    await sync.stop();
    expect(sync.status).toBeUndefined();
    sync.nudge();
    await look();
    expect(world.asked).toHaveLength(1);
  });
});
