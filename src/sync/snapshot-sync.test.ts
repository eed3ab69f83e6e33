import { describe, expect, it } from 'vitest';
import { agree, CONTEXT, named, openNode, type TestNode } from '../chain/testing/network.ts';
import { headerHash } from '../codec/blocks.ts';
import { alice, signed } from '../execution/testing/fixture.ts';
import { PolError } from '../primitives/errors.ts';
import { silentLogger } from '../primitives/log.ts';
import { storeError } from '../store/errors.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { createMemoryStore } from '../store/memory.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import { serveSync } from './serve.ts';
import { createSnapshotStore } from './snapshot-store.ts';
import { createSnapshotSync } from './snapshot-sync.ts';
import { createHurriedClock } from './testing/clock.ts';
import { fakePeers, fakeServer } from './testing/network.ts';
import type { SyncProtocol } from './transport.ts';
import { headersResponseCodec } from './wire.ts';

const HEIGHT = 70;
const SNAPSHOT = 64;
const never = new AbortController().signal;

/** A chain with some accounts, made once. */
const source: TestNode = await (async () => {
  const node = await openNode();
  for (let i = 0; i < HEIGHT; i++) {
    await node.transactions.add(signed(alice, { nonce: BigInt(i), to: named('account', i).slice(0, 20), value: 1n }));
    await agree(node);
  }
  return node;
})();

type Answer = (protocol: SyncProtocol, bytes: Uint8Array) => Promise<Uint8Array>;

function serve(node: TestNode): Answer {
  const { server, ask } = fakeServer();
  serveSync({
    network: server,
    headers: node.headers,
    finalBlock: (height) => node.blocks.block(height)?.final ?? createSnapshotStore(node.store).witness(height),
    protocolState: node.blocks.state,
    store: node.store,
    blobs: createMemoryBlobStore(),
    learning: { heldModels: async () => [], heldStarts: async () => [] },
    openings: { opening: async () => undefined },
    genesisDocument: new Uint8Array(0),
  });
  return ask;
}
const honest = serve(source);

async function newcomer(store: KeyValueStore, peers: Parameters<typeof fakePeers>[0]) {
  const node = await openNode(1, store);
  const { world, network } = fakePeers(peers);
  const { headers } = node;
  const sync = createSnapshotSync({
    network,
    clock: createHurriedClock(),
    log: silentLogger,
    store,
    headers,
    genesisHash: CONTEXT.genesisHash,
    chain: node.chain,
    progress: createSnapshotStore(store),
  });
  return { ...node, world, sync };
}

/** At the snapshot's height, able to go on from there. */
async function expectArrived(node: Awaited<ReturnType<typeof newcomer>>): Promise<void> {
  expect(node.chain.height).toBe(SNAPSHOT);
  expect(node.chain.state).toEqual(source.blocks.state(SNAPSHOT));
  for (let height = SNAPSHOT + 1; height <= HEIGHT; height++) {
    const final = source.blocks.block(height)?.final;
    if (final !== undefined) await node.chain.commit(final);
  }
  expect(node.chain.headHash).toEqual(source.chain.headHash);
  expect(node.chain.state).toEqual(source.chain.state);
  expect(await node.execution.reader.balance(named('account', 3).slice(0, 20))).toBe(1n);
  expect(node.headers.get(5)?.header).toEqual(source.blocks.block(5)?.final.block.header);
  expect(() => node.execution.reader.block(5)).toThrow(expect.objectContaining({ code: 'EXECUTION_HISTORY_ABSENT' }));
  // Whoever joins by it: what it holds is enough for the next.
  expect(node.execution.reader.blockHash(5)).toEqual(source.execution.reader.blockHash(5));
}

describe('createSnapshotSync', () => {
  it('takes over a certified state without the blocks before it, and passes it on', async () => {
    const first = await newcomer(createMemoryStore(), [
      { id: 'a', height: HEIGHT, answer: honest },
      { id: 'b', height: HEIGHT, answer: honest },
    ]);
    expect(await first.sync.run(never)).toBe(true);
    expect(first.world.penalised).toEqual([]);
    await expectArrived(first);
    const second = await newcomer(createMemoryStore(), [{ id: 'first', height: HEIGHT, answer: serve(first) }]);
    // It holds no blocks of before, but can show those that prove how many withdrawals there were.
    expect(await second.sync.run(never)).toBe(true);
    await expectArrived(second);
  });

  it('goes on after a failure of any single write, with nothing half done', async () => {
    for (let failing = 0; ; failing++) {
      const memory = createMemoryStore();
      let writes = -2; // the node's own beginning
      const flaky: KeyValueStore = {
        ...memory,
        async write(batch) {
          if (writes++ === failing) throw storeError('STORE_DISK_FULL', 'the disk is full');
          await memory.write(batch);
        },
      };
      const peers = [{ id: 'a', height: HEIGHT, answer: honest }];
      const before = await newcomer(flaky, peers);
      const outcome = await before.sync.run(never).catch((error: PolError) => error.code);
      if (outcome === true) break;
      expect(outcome).toBe('STORE_DISK_FULL');
      expect(before.world.penalised).toEqual([]);
      expect(before.chain.height).toBe(0);
      // The same process when there is room again, and another one after a kill.
      const after = await newcomer(memory, peers);
      expect(after.chain.height).toBe(0);
      expect(await after.sync.run(never)).toBe(true);
      await expectArrived(after);
      expect(failing).toBeLessThan(50);
    }
  });

  it('is not misled by wrong bytes in any answer, which cost their sender', async () => {
    const protocols: readonly SyncProtocol[] = ['headers', 'blocks', 'protocol-state', 'state'];
    for (const wrong of protocols) {
      for (const spoil of [
        (bytes: Uint8Array) => bytes.slice(0, -1),
        (bytes: Uint8Array) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)),
      ]) {
        const liar: Answer = async (protocol, bytes) => {
          const answer = await honest(protocol, bytes);
          return protocol === wrong ? spoil(answer) : answer;
        };
        const alone = await newcomer(createMemoryStore(), [{ id: 'liar', height: HEIGHT, answer: liar }]);
        expect(await alone.sync.run(never)).toBe(false);
        expect(alone.world.penalised).toContain('liar');
        expect(alone.chain.height).toBe(0);
        const helped = await newcomer(createMemoryStore(), [
          { id: 'liar', height: HEIGHT, answer: liar },
          { id: 'honest', height: HEIGHT, answer: honest },
        ]);
        expect(await helped.sync.run(never)).toBe(true);
        expect(new Set(helped.world.penalised)).toEqual(new Set(['liar']));
        await expectArrived(helped);
      }
    }
  });

  it('does not chase a height that nobody can prove', async () => {
    const dreamer: Answer = async (protocol, bytes) => honest(protocol, bytes);
    const node = await newcomer(createMemoryStore(), [
      { id: 'dreamer', height: 1_000_000, answer: dreamer },
      { id: 'honest', height: HEIGHT, answer: honest },
    ]);
    expect(await node.sync.run(never)).toBe(true);
    await expectArrived(node);
  });

  it('takes no header that too few signed, nor one of another chain', async () => {
    const { headers: certified, sets } = headersResponseCodec.decode(await honest('headers', Uint8Array.of(0xc2, 0x01, 0x46)));
    const forgeries = [
      certified.map(({ header, certificate }) => ({
        header,
        certificate: { ...certificate, signatures: certificate.signatures.slice(1) },
      })),
      certified.map(({ header, certificate }, i) => {
        const changed = i === 30 ? { ...header, timestamp: header.timestamp + 1 } : header;
        return { header: changed, certificate: { ...certificate, blockHash: headerHash(changed) } };
      }),
      [...certified].reverse(),
      certified.slice(1),
    ];
    for (const forged of forgeries) {
      const answer: Answer = async (protocol, bytes) =>
        protocol === 'headers' ? headersResponseCodec.encode({ headers: forged, sets }) : honest(protocol, bytes);
      const node = await newcomer(createMemoryStore(), [{ id: 'forger', height: HEIGHT, answer }]);
      expect(await node.sync.run(never)).toBe(false);
      expect(node.world.penalised).toEqual(['forger']);
      expect(node.headers.top()).toBe(0);
    }
  });

  it('goes on with what it has when a peer leaves, and ends when the node stops', async () => {
    const store = createMemoryStore();
    let left = 2;
    const leaving: Answer = async (protocol, bytes) => {
      if (protocol === 'state' && left-- <= 0) throw new PolError('NETWORK_UNREACHABLE', 'gone');
      return honest(protocol, bytes);
    };
    const first = await newcomer(store, [{ id: 'leaving', height: HEIGHT, answer: leaving }]);
    expect(await first.sync.run(never)).toBe(false);
    expect(first.world.penalised).toEqual([]);
    const stopping = new AbortController();
    const silent = await newcomer(store, [{ id: 'silent', height: HEIGHT, answer: () => new Promise(() => {}) }]);
    const running = silent.sync.run(stopping.signal);
    stopping.abort(new Error('the node stops'));
    await expect(running).rejects.toThrow('the node stops');
    const again = await newcomer(store, [{ id: 'honest', height: HEIGHT, answer: honest }]);
    expect(await again.sync.run(never)).toBe(true);
    await expectArrived(again);
  });
});
