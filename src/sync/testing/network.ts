import type { PeerRequests, RequestServer, SyncPeer, SyncProtocol } from '../transport.ts';

type Answer = (protocol: SyncProtocol, bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array;

/** Peers that answer as a test says, and a record of what was asked and held against whom. */
export function fakePeers(peers: readonly (Partial<SyncPeer> & { readonly id: string; readonly answer?: Answer })[]) {
  const world = {
    peers: peers.map((peer) => ({ account: undefined, height: 0, ...peer })),
    asked: [] as string[],
    penalised: [] as string[],
  };
  const network: PeerRequests = {
    peers: () => world.peers,
    async request(id, protocol, bytes, { signal, maxBytes }) {
      world.asked.push(id);
      const peer = world.peers.find((each) => each.id === id);
      if (peer === undefined) throw new Error(`${id} has left`);
      const aborted = new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
      const answer = await Promise.race([Promise.resolve(peer.answer?.(protocol, bytes) ?? new Uint8Array(0)), aborted]);
      if (answer.length > maxBytes) throw new Error('too large');
      return answer;
    },
    penalise: (id) => void world.penalised.push(id),
  };
  return { world, network };
}

/** The answering side of a node, called as a peer would. */
export function fakeServer() {
  const handlers = new Map<SyncProtocol, (bytes: Uint8Array, from: string) => Promise<Uint8Array>>();
  const server: RequestServer = { handle: (protocol, handler) => void handlers.set(protocol, handler) };
  return {
    server,
    async ask(protocol: SyncProtocol, bytes: Uint8Array): Promise<Uint8Array> {
      const handler = handlers.get(protocol);
      if (handler === undefined) throw new Error(`nobody handles ${protocol}`);
      return handler(bytes, 'a peer');
    },
  };
}
