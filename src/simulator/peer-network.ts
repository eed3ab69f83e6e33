import { networkError } from '../network/errors.ts';
import { PENALTY_REJECTED_MESSAGE, REFUSAL_POINTS } from '../network/limits.ts';
import type { Judgement, Network, PeerInfo, RequestProtocol, Topic } from '../network/network.ts';
import { createStanding } from '../network/standing.ts';
import type { NodeEnvironment } from './node.ts';

/** What simulated nodes put on the wire. Bytes are those that production nodes send. */
export type Wire =
  | { readonly type: 'hello'; readonly height: number; readonly isAnswer: boolean }
  | { readonly type: 'direct'; readonly bytes: Uint8Array }
  | { readonly type: 'gossip'; readonly topic: Topic; readonly bytes: Uint8Array }
  | { readonly type: 'request'; readonly id: number; readonly protocol: RequestProtocol; readonly bytes: Uint8Array }
  /** `bytes` undefined: refused. */
  | { readonly type: 'response'; readonly id: number; readonly bytes: Uint8Array | undefined };

export interface PeerNetworkOptions {
  /** EIP-55 text of the account of each node, by index. */
  readonly accounts: readonly string[];
  readonly height: () => number;
}

export interface PeerNetwork extends Network {
  receive(payload: Wire, from: number): void;
  unreachable(payload: Wire, to: number): void;
  /** Peers refused so far. */
  readonly refused: ReadonlySet<string>;
}

type Handler = (bytes: Uint8Array, from: string) => Promise<Judgement>;
type Server = (bytes: Uint8Array, from: string) => Promise<Uint8Array>;

export const peerName = (index: number): string => `node-${index}`;
const indexOf = (peer: string): number => Number(peer.slice('node-'.length));
/** Sockets give Buffers, whose `slice` is no copy: what keeps a piece of a message must not depend on one. */
const asReceived = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * SIMULATED peer-to-peer layer behind the production interface. All nodes are connected to all, so that gossip needs no
 * forwarding, and a consensus message travels once, directly: its second copy through gossip is left out. Requests and
 * handshakes go over streams that repeat what is lost; direct messages and gossip do not. Standings are the production code's.
 */
export function createPeerNetwork(options: PeerNetworkOptions, environment: NodeEnvironment<Wire>): PeerNetwork {
  const { clock, index, size, log } = environment;
  const { accounts, height } = options;
  const topics = new Map<Topic, Handler>();
  const servers = new Map<RequestProtocol, Server>();
  const standing = createStanding(clock);
  const refused = new Set<string>();
  const heights = new Map<string, number>();
  const waiting = new Map<number, { readonly resolve: (bytes: Uint8Array) => void; readonly reject: (error: Error) => void }>();
  /** In the order of a ring from here on, so that not all nodes ask the same peer first. */
  const others = Array.from({ length: size - 1 }, (_, i) => (index + 1 + i) % size);
  let direct: Handler | undefined;
  let nextRequest = 0;

  function penalise(peer: string, points: number, why: string): void {
    log.debug({ peer, points, why }, 'penalised');
    if (standing.penalise(peer, points)) refused.add(peer);
  }

  function judged(handler: Handler | undefined, bytes: Uint8Array, from: string): void {
    handler?.(bytes, from).then(
      (judgement) => {
        if (judgement === 'reject') penalise(from, PENALTY_REJECTED_MESSAGE, 'rejected message');
      },
      (error) => log.error({ err: error }, 'a message handler failed'),
    );
  }

  function noteHeight(peer: string, seen: number): void {
    heights.set(peer, Math.max(seen, heights.get(peer) ?? 0));
  }

  function answer(id: number, to: number, serve: Server | undefined, bytes: Uint8Array): void {
    const respond = (response: Uint8Array | undefined) => environment.sendReliably(to, { type: 'response', id, bytes: response });
    if (serve === undefined) respond(undefined);
    else serve(bytes, peerName(to)).then(respond, () => respond(undefined));
  }

  return {
    peerId: peerName(index),
    addresses: () => [],
    peers: () =>
      others
        .map(peerName)
        .filter((peer) => !standing.isRefused(peer))
        .map(
          (id): PeerInfo => ({
            id,
            remoteAddress: id,
            direction: 'outbound',
            account: accounts[indexOf(id)],
            nodeId: id,
            height: heights.get(id) ?? 0,
            score: -Math.min(REFUSAL_POINTS, standing.points(id)),
          }),
        ),
    onPeer: () => () => {},
    async start() {
      for (const to of others) environment.sendReliably(to, { type: 'hello', height: height(), isAnswer: false });
    },
    stop: async () => {},

    async publish(topic, bytes) {
      if (topic === 'consensus') return others.length;
      environment.broadcast({ type: 'gossip', topic, bytes });
      return others.length;
    },
    subscribe: (topic, handler) => void topics.set(topic, handler),
    sendToAll: (_, bytes) => environment.broadcast({ type: 'direct', bytes }),
    onDirect(_, handler) {
      direct = handler;
    },

    request(peer, protocol, bytes, { signal, maxBytes, timeoutMs }) {
      const id = nextRequest++;
      return new Promise<Uint8Array>((resolve, reject) => {
        const done = () => {
          cancel();
          signal?.removeEventListener('abort', onAbort);
          waiting.delete(id);
        };
        const fail = (error: Error) => {
          done();
          reject(error);
        };
        const onAbort = () => fail(signal?.reason as Error);
        const cancel = clock.after(timeoutMs, () => fail(networkError('NETWORK_TIMEOUT', `${peer} did not answer ${protocol}`)));
        waiting.set(id, {
          reject: fail,
          resolve(response) {
            if (response.length > maxBytes) return fail(networkError('NETWORK_TOO_LARGE', `${peer} sent ${response.length} bytes`));
            done();
            resolve(response);
          },
        });
        signal?.addEventListener('abort', onAbort, { once: true });
        environment.sendReliably(indexOf(peer), { type: 'request', id, protocol, bytes });
      });
    },
    handle: (protocol, handler) => void servers.set(protocol, handler),
    penalise,
    noteHeight,

    receive(payload, from) {
      const peer = peerName(from);
      if (standing.isRefused(peer)) return;
      switch (payload.type) {
        case 'hello':
          noteHeight(peer, payload.height);
          if (!payload.isAnswer) environment.sendReliably(from, { type: 'hello', height: height(), isAnswer: true });
          return;
        case 'direct':
          return judged(direct, asReceived(payload.bytes), peer);
        case 'gossip':
          return judged(topics.get(payload.topic), asReceived(payload.bytes), peer);
        case 'request':
          return answer(payload.id, from, servers.get(payload.protocol), payload.bytes);
        case 'response': {
          const { bytes } = payload;
          if (bytes === undefined) waiting.get(payload.id)?.reject(networkError('NETWORK_REFUSED', `${peer} refused`));
          else waiting.get(payload.id)?.resolve(bytes);
        }
      }
    },
    unreachable(payload, to) {
      if (payload.type === 'request') waiting.get(payload.id)?.reject(networkError('NETWORK_UNREACHABLE', `${peerName(to)} is down`));
    },
    refused,
  };
}
