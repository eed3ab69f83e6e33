import { describe, expect, it } from 'vitest';
import { finalise, named, openNode } from '../chain/testing/network.ts';
import { openingCodec } from '../codec/opening.ts';
import type { Opening } from '../codec/types.ts';
import { utf8 } from '../primitives/bytes.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import { MAX_BLOCKS_PER_RESPONSE } from './limits.ts';
import { serveSync } from './serve.ts';
import { fakeServer } from './testing/network.ts';
import { blobRequestCodec, blocksRequestCodec, blocksResponseCodec, openingRequestCodec } from './wire.ts';

const NOTHING = new Uint8Array(0);
const MODEL_ROOT = named('model', 1);
const OPENING: Opening = { segment: 0, startState: named('s', 1), endState: named('s', 2), startPath: [], endPath: [] };

async function setUp() {
  const node = await openNode();
  for (let i = 0; i < 3; i++) await node.chain.commit(finalise(await node.chain.build()));
  const blobs = createMemoryBlobStore();
  const { server, ask } = fakeServer();
  const world = { exports: 0, finishExport: () => {}, exported: MODEL_ROOT };
  serveSync({
    network: server,
    finalBlock: (height) => node.blocks.block(height)?.final,
    blobs,
    learning: {
      opening: async (round) => (round === 1 ? OPENING : undefined),
      exportSnapshot: () => {
        world.exports++;
        return new Promise((resolve) => {
          world.finishExport = () => resolve({ modelRoot: world.exported, bytes: utf8('the model') });
        });
      },
    },
    modelRoot: () => MODEL_ROOT,
    genesisDocument: utf8('{}'),
  });
  return { ask, blobs, world, blocks: node.blocks };
}

describe('serveSync', () => {
  it('serves blocks from a height on, and nothing beyond the head', async () => {
    const { ask, blocks } = await setUp();
    const from = (height: number) => ask('blocks', blocksRequestCodec.encode({ from: height, count: MAX_BLOCKS_PER_RESPONSE }));
    expect(blocksResponseCodec.decode(await from(2))).toEqual([blocks.block(2)?.final, blocks.block(3)?.final]);
    expect(await from(4)).toEqual(NOTHING);
    expect(await from(0)).toEqual(NOTHING);
    expect(blocksResponseCodec.decode(await ask('blocks', blocksRequestCodec.encode({ from: 1, count: 1 })))).toHaveLength(1);
  });

  it('serves blobs it holds', async () => {
    const { ask, blobs } = await setUp();
    await blobs.put(named('blob', 1), utf8('held'));
    expect(await ask('blob', blobRequestCodec.encode({ id: named('blob', 1) }))).toEqual(utf8('held'));
    expect(await ask('blob', blobRequestCodec.encode({ id: named('blob', 2) }))).toEqual(NOTHING);
  });

  it('reads the settled model once for all who ask at a time', async () => {
    const { ask, world } = await setUp();
    const request = blobRequestCodec.encode({ id: MODEL_ROOT });
    const answers = [ask('blob', request), ask('blob', request)];
    world.finishExport();
    expect(await Promise.all(answers)).toEqual([utf8('the model'), utf8('the model')]);
    expect(world.exports).toBe(1);
    // The engine is behind the chain: what it has is not what was asked for.
    world.exported = named('model', 0);
    const stale = ask('blob', request);
    world.finishExport();
    expect(await stale).toEqual(NOTHING);
  });

  it('serves openings and the genesis, and throws for what does not decode', async () => {
    const { ask } = await setUp();
    const opening = (round: number) => ask('opening', openingRequestCodec.encode({ round, trainer: new Uint8Array(20), segment: 0 }));
    expect(openingCodec.decode(await opening(1))).toEqual(OPENING);
    expect(await opening(2)).toEqual(NOTHING);
    expect(await ask('genesis', NOTHING)).toEqual(utf8('{}'));
    for (const protocol of ['blocks', 'blob', 'opening'] as const) {
      await expect(ask(protocol, Uint8Array.of(0xff))).rejects.toMatchObject({ code: expect.stringMatching(/^CODEC_/) });
    }
    await expect(ask('blocks', blocksRequestCodec.encode({ from: 1, count: 1 }).fill(0xc0, 0, 1))).rejects.toBeInstanceOf(Error);
  });
});
