import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, describe, expect, it } from 'vitest';
import { concatBytes, utf8 } from '../primitives/bytes.ts';
import { generatePrivateKey, signerFromPrivateKey } from '../primitives/keys.ts';
import type { NodeNetwork } from './create-network.ts';
import { frameHeader } from './frames.ts';
import { encodeHello, type Hello, signPeer } from './hello.ts';
import { createClient } from './libp2p-node.ts';
import { HELLO_DEADLINE_MS, MAX_DIRECT_MESSAGE_BYTES, MAX_HELLO_BYTES, REQUEST_READ_TIMEOUT_MS, SUPERSEDE_AGE_MS } from './limits.ts';
import { generatePeerKey, libp2pKey } from './peer-key.ts';
import { wireNames } from './protocols.ts';
import { ask } from './requests.ts';
import { createManualClock, eventually, GENESIS_HASH, makeNetwork, startNetwork } from './testing/test-network.ts';

type RawClient = Awaited<ReturnType<typeof createClient>>;

const names = wireNames(GENESIS_HASH);
const clients: RawClient[] = [];
const patience = () => AbortSignal.timeout(20_000);

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()));
});

/** A peer that speaks libp2p, and then whatever it likes. */
async function connectRaw(network: NodeNetwork): Promise<{ client: RawClient; connection: Connection }> {
  const client = await createClient({ privateKey: libp2pKey(generatePeerKey()), maxConnections: 4, gater: {} });
  clients.push(client);
  await client.start();
  const connection = await client.dial(multiaddr(network.addresses()[0]), { signal: patience() });
  return { client, connection };
}

async function sendRaw(connection: Connection, protocol: string, bytes: Uint8Array): Promise<Stream> {
  const stream = await connection.newStream([protocol], { signal: patience() });
  stream.send(bytes);
  return stream;
}

const hello: Hello = {
  version: 1,
  genesisHash: GENESIS_HASH,
  nodeId: 'raw',
  height: 5,
  account: undefined,
  addresses: [],
  peers: [],
};
const introduce = (connection: Connection, changes: Partial<Hello> = {}) =>
  ask(connection, names.request('hello'), encodeHello({ ...hello, ...changes }), MAX_HELLO_BYTES, patience());

describe('a hostile peer', () => {
  it('that is honest for once is let in', async () => {
    const network = await startNetwork();
    const { connection } = await connectRaw(network);
    await introduce(connection);
    expect(network.peers()).toMatchObject([{ nodeId: 'raw', height: 5, direction: 'inbound' }]);
  });

  it('that shows another’s account is refused, and cannot come back', async () => {
    const network = await startNetwork();
    const { client, connection } = await connectRaw(network);
    const other = peerBytes(network);
    const signer = signerFromPrivateKey(generatePrivateKey());
    // A true signature, but for another peer.
    await introduce(connection, { account: signPeer(signer, GENESIS_HASH, other) }).catch(() => {});
    await eventually(() => connection.status !== 'open');
    expect(network.peers()).toEqual([]);
    await expect(
      client.dial(multiaddr(network.addresses()[0]), { signal: patience() }).then((again) => introduce(again)),
    ).rejects.toThrow();
  });

  it.each([
    ['no JSON', utf8('not a hello')],
    ['invalid UTF-8', Uint8Array.of(0xff, 0xfe)],
    ['a missing field', utf8('{"version":1}')],
    ['a negative height', utf8(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(encodeHello(hello))), height: -1 }))],
  ])('whose hello is malformed (%s) loses standing and never joins', async (_what, bytes) => {
    const network = await startNetwork();
    const { connection } = await connectRaw(network);
    const attempt = () => ask(connection, names.request('hello'), bytes, MAX_HELLO_BYTES, patience());
    await expect(attempt()).rejects.toMatchObject({ code: 'NETWORK_REFUSED' });
    await attempt().catch(() => {});
    await eventually(() => connection.status !== 'open');
    expect(network.peers()).toEqual([]);
    expect(network.counters().peersRefused).toBe(1);
  });

  it('that speaks another version is let go', async () => {
    const network = await startNetwork();
    const { connection } = await connectRaw(network);
    await introduce(connection, { version: 2 });
    await eventually(() => connection.status !== 'open');
    expect(network.peers()).toEqual([]);
  });

  it('that never introduces itself is disconnected', async () => {
    const clock = createManualClock();
    const network = makeNetwork({}, undefined, clock);
    await network.start();
    const { connection } = await connectRaw(network);
    // Its connection is known on this side once an answer came over it.
    network.handle('genesis', async () => utf8('{}'));
    await ask(connection, names.request('genesis'), new Uint8Array(), 10, patience());
    clock.advance(HELLO_DEADLINE_MS);
    await eventually(() => connection.status !== 'open');
  });

  it('that dials anew replaces its old connection, which must be dead', async () => {
    const clock = createManualClock();
    const network = makeNetwork({}, undefined, clock);
    await network.start();
    const { client, connection } = await connectRaw(network);
    await introduce(connection);
    const young = await client.dial(multiaddr(network.addresses()[0]), { signal: patience(), force: true });
    await introduce(young);
    expect(connection.status).toBe('open');
    clock.advance(SUPERSEDE_AGE_MS + 60_000);
    const newest = await client.dial(multiaddr(network.addresses()[0]), { signal: patience(), force: true });
    await introduce(newest);
    await eventually(() => connection.status !== 'open' && young.status !== 'open');
    expect(newest.status).toBe('open');
    expect(network.peers()).toHaveLength(1);
  });

  it('that sends its request byte by byte is cut off', async () => {
    const clock = createManualClock();
    const network = makeNetwork({}, undefined, clock);
    network.handle('blob', async () => new Uint8Array());
    await network.start();
    const { connection } = await connectRaw(network);
    await introduce(connection);
    const stream = await sendRaw(connection, names.request('blob'), concatBytes(frameHeader(100), Uint8Array.of(1)));
    const closed = new Promise((resolve) => stream.addEventListener('close', resolve));
    await network.request(connection.remotePeer.toString(), 'blob', new Uint8Array(), { maxBytes: 1, timeoutMs: 1 }).catch(() => {});
    await eventually(() => {
      clock.advance(REQUEST_READ_TIMEOUT_MS);
      return stream.status !== 'open';
    });
    await closed;
    expect(connection.status).toBe('open');
  });

  it('that announces more than the limit loses standing for it', async () => {
    const network = makeNetwork();
    const heard: number[] = [];
    network.onDirect('consensus', async (bytes) => {
      heard.push(bytes.length);
      return 'accept';
    });
    await network.start();
    const { connection } = await connectRaw(network);
    await introduce(connection);
    await sendRaw(connection, names.direct('consensus'), frameHeader(MAX_DIRECT_MESSAGE_BYTES + 1));
    await eventually(() => (network.peers()[0]?.score ?? 0) <= -59);
    await sendRaw(connection, names.direct('consensus'), concatBytes(frameHeader(2), Uint8Array.of(1, 2), frameHeader(2 ** 32 - 1)));
    await eventually(() => connection.status !== 'open');
    expect(heard).toEqual([2]);
  });

  it('whose answers are truncated, oversize or endless costs its client an error and no more', async () => {
    const network = await startNetwork();
    const { client, connection } = await connectRaw(network);
    await introduce(connection);
    const answers: Record<string, (stream: Stream) => void> = {
      truncated(stream) {
        stream.send(concatBytes(frameHeader(1), Uint8Array.of(0), frameHeader(100), new Uint8Array(10)));
        void stream.close();
      },
      oversize: (stream) => void stream.send(concatBytes(frameHeader(1), Uint8Array.of(0), frameHeader(1_000_000))),
      silent() {},
      reset: (stream) => stream.abort(new Error('no')),
    };
    let kind = '';
    await client.handle(names.request('blob'), (stream) => answers[kind]?.(stream));
    const request = (what: string, timeoutMs: number) => {
      kind = what;
      return network.request(client.peerId.toString(), 'blob', utf8('x'), { maxBytes: 1000, timeoutMs });
    };
    await expect(request('truncated', 5_000)).rejects.toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: expect.stringContaining('after 10 of 100 bytes'),
    });
    await expect(request('oversize', 5_000)).rejects.toMatchObject({ code: 'NETWORK_TOO_LARGE' });
    await expect(request('silent', 50)).rejects.toMatchObject({ code: 'NETWORK_TIMEOUT' });
    await expect(request('reset', 5_000)).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    expect(network.peers()).toHaveLength(1);
  });
});

function peerBytes(network: NodeNetwork): Uint8Array {
  return utf8(network.peerId);
}
