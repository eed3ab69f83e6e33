import { createConnection } from 'node:net';
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { encodeRlp, type RlpItem } from '../../codec/rlp.ts';
import { concatBytes, utf8 } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { frameHeader } from '../frames.ts';
import { encodeHello } from '../hello.ts';
import { createNode } from '../libp2p-node.ts';
import { MAX_DIRECT_MESSAGE_BYTES, MAX_HELLO_BYTES } from '../limits.ts';
import { REQUEST_PROTOCOLS, type RequestProtocol, TOPICS } from '../network.ts';
import { generatePeerKey, libp2pKey } from '../peer-key.ts';
import { wireNames } from '../protocols.ts';
import { ask } from '../requests.ts';

/** Ways to trouble a node. */
export const ATTACKS = ['gossip', 'direct', 'garbage', 'unknown', 'oversized', 'half-open', 'churn', 'sockets'] as const;
export type Attack = (typeof ATTACKS)[number];

/** Fixed for all attacks: what a peer with a modified program does, which ignores that it is refused. */
export interface Attacker {
  readonly peerId: string;
  /** Sends `count` messages of a kind as fast as they go, connecting anew whenever it was cut off. Resolves to the number that went out. */
  run(attack: Attack, count: number): Promise<number>;
  stop(): Promise<void>;
}

/** Messages sent at a time, after which others of this process get their turn. */
const TURN = 50;
const DIAL_MS = 3_000;
const STREAM_MS = 500;
const OTHER_REQUESTS = REQUEST_PROTOCOLS.filter((protocol) => protocol !== 'hello' && protocol !== 'genesis');

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export async function createAttacker(options: { readonly target: string; readonly genesisHash: Hash }): Promise<Attacker> {
  const { target, genesisHash } = options;
  const names = wireNames(genesisHash);
  const node = await createNode(
    { privateKey: libp2pKey(generatePeerKey()), listen: [], announce: [], maxConnections: 8, gater: {} },
    { topics: TOPICS.map(names.topic), penaltyPoints: () => 0 },
  );
  await node.start();
  for (const topic of TOPICS) node.services.gossip.subscribe(names.topic(topic));
  let connection: Connection | undefined;
  let counter = 0;

  /** Bytes that were never sent before, of a plausible form. */
  function invalid(): Uint8Array {
    counter++;
    return utf8(`not a message ${counter} ${'x'.repeat(100)}`);
  }

  /** Fields of a request for a height, a hash or a place that does not exist. */
  function unknown(protocol: RequestProtocol): RlpItem {
    const [hash, one] = [invalid().subarray(0, 32), Uint8Array.of(1)];
    const far = Uint8Array.of(0x7f, 0, 0, 0, 0);
    switch (protocol) {
      case 'headers':
      case 'blocks':
        return [far, one];
      case 'protocol-state':
        return [far];
      case 'chunks':
        return [hash, one, one];
      case 'opening':
        return [far, hash.subarray(0, 20), one];
      default:
        return [hash];
    }
  }

  const isOpen = () => connection?.status === 'open';

  async function connect(): Promise<boolean> {
    if (isOpen()) return true;
    try {
      connection = await node.dial(multiaddr(target), { signal: AbortSignal.timeout(DIAL_MS) });
      const hello = { version: 1, genesisHash, nodeId: 'attacker', height: 1, account: undefined, addresses: [], peers: [] };
      await ask(connection, names.request('hello'), encodeHello(hello), MAX_HELLO_BYTES, AbortSignal.timeout(DIAL_MS));
      return isOpen();
    } catch {
      return false;
    }
  }

  async function open(protocol: string): Promise<Stream> {
    if (connection === undefined) throw new Error('not connected');
    return connection.newStream([protocol], { signal: AbortSignal.timeout(STREAM_MS), maxOutboundStreams: 10_000 });
  }

  async function request(protocol: RequestProtocol, bytes: Uint8Array): Promise<void> {
    if (connection === undefined) return;
    await ask(connection, names.request(protocol), bytes, 1_000_000, AbortSignal.timeout(STREAM_MS));
  }

  const pick = (): RequestProtocol => OTHER_REQUESTS[counter++ % OTHER_REQUESTS.length] as RequestProtocol;

  /** One message of each kind; a failure is what the attacker expects. */
  const send: Record<Attack, () => Promise<void>> = {
    async gossip() {
      await node.services.gossip.publish(names.topic(TOPICS[counter % TOPICS.length] as (typeof TOPICS)[number]), invalid());
    },
    async direct() {
      direct ??= await open(names.direct('consensus'));
      const bytes = invalid();
      direct.send(concatBytes(frameHeader(bytes.length), bytes));
    },
    garbage: () => request(pick(), invalid()),
    // Well-formed questions of every kind, for what nobody has.
    unknown() {
      const protocol = pick();
      return request(protocol, encodeRlp(unknown(protocol)));
    },
    async oversized() {
      const stream = await open(counter++ % 2 === 0 ? names.direct('consensus') : names.request(pick()));
      stream.send(concatBytes(frameHeader(MAX_DIRECT_MESSAGE_BYTES * 100), invalid()));
    },
    async 'half-open'() {
      const stream = await open(names.request(pick()));
      stream.send(frameHeader(100));
    },
    async churn() {
      connection?.abort(new Error('on purpose'));
      connection = undefined;
      await connect();
    },
    async sockets() {
      const [, host, port] = /\/ip4\/([\d.]+)\/tcp\/(\d+)/.exec(target) ?? [];
      await new Promise<void>((resolve) => {
        const socket = createConnection({ host: host ?? '', port: Number(port) }, () => {
          if (counter++ % 2 === 0) socket.write('GET / HTTP/1.1\r\nx: ');
          resolve();
        });
        sockets.add(socket);
        socket.on('error', () => resolve());
        socket.on('close', () => sockets.delete(socket));
      });
    },
  };
  let direct: Stream | undefined;
  const sockets = new Set<ReturnType<typeof createConnection>>();

  return {
    peerId: node.peerId.toString(),
    async run(attack, count) {
      let sent = 0;
      for (let at = 0; at < count; at += TURN) {
        await turn();
        const batch = Math.min(TURN, count - at);
        // What is refused is tried again now and then; messages that cannot even be sent count as tried.
        if (attack !== 'sockets' && attack !== 'churn' && !isOpen()) {
          direct = undefined;
          if (at % (10 * TURN) !== 0 || !(await connect())) continue;
        }
        const one = () =>
          send[attack]().then(
            () => sent++,
            () => {
              direct = undefined;
            },
          );
        if (attack === 'churn' || attack === 'direct') for (let i = 0; i < batch; i++) await one();
        else await Promise.all(Array.from({ length: batch }, one));
      }
      for (const socket of sockets) socket.destroy();
      return sent;
    },
    stop: async () => node.stop(),
  };
}
