import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { equalBytes } from '../primitives/bytes.ts';
import { type Clock, systemClock } from '../primitives/clock.ts';
import { createSignal } from '../primitives/events.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address, Signer } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import { listenAddress, parseAddress } from './address.ts';
import { createAddressBook } from './address-book.ts';
import { createAdmission } from './admission.ts';
import { createDialer } from './dialer.ts';
import { createDirectStreams } from './direct.ts';
import { networkError } from './errors.ts';
import { createGossip } from './gossip.ts';
import { createGossipHealth } from './gossip-health.ts';
import type { Libp2pNode } from './libp2p-node.ts';
import { DEFAULT_MAX_PEERS, MAX_INBOUND_PENDING, TARGET_PEERS } from './limits.ts';
import { explainListenFailure } from './listen-failure.ts';
import { createMembers, type MemberEvent } from './members.ts';
import { type Network, TOPICS } from './network.ts';
import { libp2pKey, type PeerKey, peerIdText } from './peer-key.ts';
import { wireNames } from './protocols.ts';
import { createRequests } from './requests.ts';
import { guardSockets } from './socket-guard.ts';
import { createStanding } from './standing.ts';

export interface NetworkOptions {
  /** IP address or name to listen on. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** host:port or multiaddrs of nodes to join by; may contain this node itself. */
  readonly bootNodes: readonly string[];
  /** Further addresses at which others reach this node (behind a router), as host:port or multiaddrs. */
  readonly announce?: readonly string[];
  readonly genesisHash: Hash;
  readonly nodeId: string;
  readonly peerKey: PeerKey;
  /** The Ethereum account to show to peers. */
  readonly account?: Signer;
  /** The accounts to stay connected with whatever the number of peers; asked anew at each handshake. */
  authorities?(): readonly Address[];
  /** Connections beyond which inbound ones are refused. */
  readonly maxPeers?: number;
  /** The height of this node's newest final block. */
  height(): number;
}

export interface NetworkDeps {
  readonly log: Logger;
  readonly clock?: Clock;
}

/** What happened since start, for metrics. */
export interface NetworkCounters {
  readonly gossipAccepted: number;
  readonly gossipIgnored: number;
  readonly gossipRejected: number;
  /** Direct messages dropped because a peer's queue was full. */
  readonly directDropped: number;
  /** Peers refused for what they did. */
  readonly peersRefused: number;
}

export interface NodeNetwork extends Network {
  counters(): NetworkCounters;
}

/**
 * The peer-to-peer network of one node: libp2p over WebSocket (noise, yamux, gossipsub).
 *
 * @example
 * const network = createNetwork({ host: '127.0.0.1', port: 8000, bootNodes: ['localhost:8001'], genesisHash, nodeId: 'a',
 *   peerKey: generatePeerKey(), height: () => chain.height }, { log });
 * network.subscribe('transactions', async (bytes) => (await isValid(bytes)) ? 'accept' : 'reject');
 * await network.start();
 * @throws NETWORK_BAD_ADDRESS for a boot node or announced address that does not parse, NETWORK_BAD_PEER_KEY;
 *   from `start` NETWORK_PORT_IN_USE, NETWORK_LISTEN_FAILED
 */
export function createNetwork(options: NetworkOptions, deps: NetworkDeps): NodeNetwork {
  const clock = deps.clock ?? systemClock;
  const peerId = peerIdText(options.peerKey);
  const log = deps.log.child({ room: 'network' });
  const maxPeers = options.maxPeers ?? DEFAULT_MAX_PEERS;
  const names = wireNames(options.genesisHash);
  const announce = (options.announce ?? []).map(parseAddress);
  const book = createAddressBook(peerId, options.bootNodes.map(parseAddress));
  const standing = createStanding(clock);
  const events = createSignal<MemberEvent>((error) => log.error({ error }, 'a peer listener failed'));
  const counters = { accept: 0, ignore: 0, reject: 0, directDropped: 0, peersRefused: 0 };
  let node: Libp2pNode | undefined;

  function connectionsOf(peer: string): Connection[] {
    const connections = node?.getConnections() ?? [];
    return connections.filter((connection) => connection.status === 'open' && connection.remotePeer.toString() === peer);
  }

  function disconnect(peer: string, why: string): void {
    for (const connection of connectionsOf(peer)) connection.abort(new Error(why));
  }

  function penalise(peer: string, points: number, why: string): void {
    log.debug({ peer, points, why }, 'a peer loses standing');
    if (!standing.penalise(peer, points)) return;
    counters.peersRefused++;
    log.warn({ peer, why }, `peer ${peer} is disconnected and refused for some minutes: ${why}`);
    disconnect(peer, 'refused');
  }

  const shared = { names, clock, log, penalise, isRefused: standing.isRefused, connectionTo: (peer: string) => connectionsOf(peer).at(-1) };
  const requests = createRequests(shared);
  const gossip = createGossip({ ...shared, onJudged: (judgement) => counters[judgement]++ });
  const direct = createDirectStreams({ ...shared, joinedPeers: () => members.ids(), onDropped: () => counters.directDropped++ });
  const members = createMembers(options, {
    ...shared,
    self: peerId,
    book,
    standing,
    requests,
    addresses: () => (node?.getMultiaddrs() ?? []).map(String),
    connectionsOf,
    disconnect,
    isAuthority: (account) => (options.authorities?.() ?? []).some((address) => equalBytes(address, account)),
    keepAlive(peer) {
      const tags = { 'keep-alive-authority': { value: 100 } };
      node?.peerStore.merge(peerIdFromString(peer), { tags }).catch((error) => log.debug({ peer, error }, 'a peer could not be tagged'));
    },
    onEvent(event) {
      if (event.kind === 'left') direct.forget(event.peer.id);
      events.emit(event);
    },
  });
  const dialer = createDialer(
    { targetPeers: Math.min(TARGET_PEERS, maxPeers) },
    {
      clock,
      log,
      book,
      dial: (addresses, signal) =>
        node?.dial(addresses, { signal }) ?? Promise.reject(networkError('NETWORK_NOT_STARTED', 'the network is not running')),
      isConnected: (peer) => connectionsOf(peer).length > 0,
      isRefused: standing.isRefused,
      connectedCount: () => members.count(),
    },
  );

  const health = createGossipHealth({ clock, log, joinedPeers: () => members.ids(), connectionsOf, disconnect });

  const gater = createAdmission({ clock, isRefused: standing.isRefused, penalise });

  return {
    peerId,
    addresses: () => (node?.getMultiaddrs() ?? []).map(String),
    peers: () => members.infos(),
    onPeer: events.on,
    publish: gossip.publish,
    subscribe: gossip.subscribe,
    sendToAll: direct.sendToAll,
    onDirect: direct.onDirect,
    request: requests.request,
    handle: (protocol, handler) => requests.handle(protocol, handler),
    penalise,
    noteHeight: members.noteHeight,
    counters: () => ({
      gossipAccepted: counters.accept,
      gossipIgnored: counters.ignore,
      gossipRejected: counters.reject,
      directDropped: counters.directDropped,
      peersRefused: counters.peersRefused,
    }),

    async start() {
      if (node !== undefined) return;
      const listen = await listenAddress(options.host, options.port);
      // Loaded only now: commands that open no network start faster, and Node 20's missing globals are filled in first.
      const { createNode } = await import('./libp2p-node.ts');
      const created = await createNode(
        { privateKey: libp2pKey(options.peerKey), listen: [listen], announce, maxConnections: maxPeers, gater },
        { topics: TOPICS.map(names.topic), penaltyPoints: standing.points },
      );
      for (const { protocol, maxStreams, serve } of [...requests.handlers, ...direct.handlers]) {
        await created.handle(protocol, serve, { maxInboundStreams: maxStreams, maxOutboundStreams: maxStreams });
      }
      created.addEventListener('connection:open', (event) => members.onConnection(event.detail));
      created.addEventListener('peer:disconnect', (event) => {
        const peer = event.detail.toString();
        // libp2p would remember every identity that ever connected, and identities are free.
        if (!members.has(peer) || standing.isRefused(peer)) created.peerStore.delete(event.detail).catch(() => {});
        members.onDisconnected(peer);
        requests.forget(peer);
        gossip.forget(peer);
        direct.forget(peer);
      });
      node = created;
      try {
        await created.start();
      } catch (cause) {
        node = undefined;
        throw await explainListenFailure(options.host, options.port, cause);
      }
      guardSockets(listenersOf(created), { maxConnections: maxPeers + MAX_INBOUND_PENDING });
      gossip.bind(created.services.gossip);
      members.start();
      dialer.start();
      health.start();
      log.info({ peerId, addresses: created.getMultiaddrs().map(String) }, 'the network is up');
    },

    async stop() {
      const stopping = node;
      if (stopping === undefined) return;
      health.stop();
      dialer.stop();
      members.stop();
      direct.stop();
      gossip.bind(undefined);
      await stopping.stop();
      node = undefined;
    },
  };
}

/** libp2p shows its listeners to its own parts only. */
function listenersOf(node: object): readonly unknown[] {
  const { components } = node as { readonly components?: { readonly transportManager?: { getListeners(): readonly unknown[] } } };
  return components?.transportManager?.getListeners() ?? [];
}
