import { describe, expect, it } from 'vitest';
import type { BlockStore } from '../chain/block-store.ts';
import { ADDRESSES, finalise, named, openNode } from '../chain/testing/network.ts';
import { openingCodec } from '../codec/opening.ts';
import type { Opening } from '../codec/types.ts';
import { decodeHeader } from '../execution/block-view.ts';
import { utf8 } from '../primitives/bytes.ts';
import { keccak256 } from '../primitives/hash.ts';
import { decodeProtocolState, protocolRoot } from '../protocol/state-codec.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import { MAX_BLOCKS_PER_RESPONSE } from './limits.ts';
import { serveSync } from './serve.ts';
import { fakeServer } from './testing/network.ts';
import {
  blobRequestCodec,
  blocksRequestCodec,
  blocksResponseCodec,
  headersRequestCodec,
  headersResponseCodec,
  openingRequestCodec,
  protocolStateRequestCodec,
  stateRequestCodec,
  stateResponseCodec,
} from './wire.ts';

const NOTHING = new Uint8Array(0);
const OPENING: Opening = { segment: 0, startState: named('s', 1), endState: named('s', 2), startPath: [], endPath: [] };

async function setUp() {
  const node = await openNode();
  for (let i = 0; i < 3; i++) await node.chain.commit(finalise(await node.chain.build()));
  const blobs = createMemoryBlobStore();
  const { server, ask } = fakeServer();
  serveSync({
    network: server,
    headers: node.headers,
    finalBlock: (height) => node.blocks.block(height)?.final,
    protocolState: node.blocks.state,
    store: node.store,
    blobs,
    learning: { heldModels: async () => [], heldStarts: async () => [] },
    openings: { opening: async (round) => (round === 1 ? OPENING : undefined) },
    genesisDocument: utf8('{}'),
  });
  return { ask, blobs, blocks: node.blocks, chain: node.chain };
}

const header = (blocks: BlockStore, height: number) => blocks.block(height)?.final.block.header;

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

  it('serves headers with their certificates, the protocol state, and nodes of the state trie', async () => {
    const { ask, blocks, chain } = await setUp();
    const found = headersResponseCodec.decode(await ask('headers', headersRequestCodec.encode({ from: 2, count: 10 })));
    expect(found).toEqual({
      headers: [2, 3].map((height) => ({ header: header(blocks, height), certificate: blocks.block(height)?.final.certificate })),
      sets: [ADDRESSES],
    });
    expect(await ask('headers', headersRequestCodec.encode({ from: 4, count: 1 }))).toEqual(NOTHING);
    const state = await ask('protocol-state', protocolStateRequestCodec.encode({ height: 3 }));
    expect(protocolRoot(decodeProtocolState(state))).toEqual(chain.headHeader?.protocolRoot);
    expect(await ask('protocol-state', protocolStateRequestCodec.encode({ height: 4 }))).toEqual(NOTHING);
    const { stateRoot } = decodeHeader(blocks.block(3)?.final.block.execution ?? NOTHING);
    const items = await ask('state', stateRequestCodec.encode([named('no node', 1), stateRoot]));
    expect(stateResponseCodec.decode(items).map((item) => item.length > 0 && keccak256(item))).toEqual([false, stateRoot]);
    expect(await ask('state', stateRequestCodec.encode([named('no node', 1)]))).toEqual(NOTHING);
  });

  it('serves openings and the genesis, and throws for what does not decode', async () => {
    const { ask } = await setUp();
    const opening = (round: number) => ask('opening', openingRequestCodec.encode({ round, trainer: new Uint8Array(20), segment: 0 }));
    expect(openingCodec.decode(await opening(1))).toEqual(OPENING);
    expect(await opening(2)).toEqual(NOTHING);
    expect(await ask('genesis', NOTHING)).toEqual(utf8('{}'));
    for (const protocol of ['headers', 'blocks', 'protocol-state', 'state', 'model', 'chunks', 'blob', 'opening'] as const) {
      await expect(ask(protocol, Uint8Array.of(0xff))).rejects.toMatchObject({ code: expect.stringMatching(/^CODEC_/) });
    }
    await expect(ask('blocks', blocksRequestCodec.encode({ from: 1, count: 1 }).fill(0xc0, 0, 1))).rejects.toBeInstanceOf(Error);
  });
});
