import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { toHex } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { type Address, checksumAddress, type Signer } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import { isLoopback } from './address.ts';
import type { AddressBook } from './address-book.ts';
import { createDeadline } from './deadline.ts';
import { decodeHello, encodeHello, HELLO_VERSION, type Hello, isAccountProven, isSameNetwork, signPeer } from './hello.ts';
import {
  FOREIGN_GRACE_MS,
  FOREIGN_REFUSAL_MS,
  HELLO_DEADLINE_MS,
  HELLO_TIMEOUT_MS,
  MAX_ADDRESSES_PER_PEER,
  MAX_HELLO_BYTES,
  MAX_REPORTED_FOREIGNERS,
  PEER_EXCHANGE_INTERVAL_MS,
  PENALTY_MALFORMED,
  REFUSAL_POINTS,
  SUPERSEDE_AGE_MS,
  TARGET_PEERS,
} from './limits.ts';
import type { PeerInfo } from './network.ts';
import type { WireNames } from './protocols.ts';
import { ask, type Requests } from './requests.ts';
import type { Standing } from './standing.ts';

export interface MemberEvent {
  readonly kind: 'joined' | 'left';
  readonly peer: PeerInfo;
}

export interface MembersOptions {
  readonly genesisHash: Hash;
  readonly nodeId: string;
  readonly account?: Signer;
  height(): number;
}

export interface MembersDeps {
  readonly self: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly names: WireNames;
  readonly book: AddressBook;
  readonly standing: Standing;
  readonly requests: Requests;
  addresses(): string[];
  connectionsOf(peer: string): Connection[];
  disconnect(peer: string, why: string): void;
  penalise(peer: string, points: number, why: string): void;
  isAuthority(account: Address): boolean;
  keepAlive(peer: string): void;
  onEvent(event: MemberEvent): void;
}

/** The peers that passed the handshake, and the handshake itself. */
export interface Members {
  ids(): Iterable<string>;
  infos(): PeerInfo[];
  count(): number;
  has(peer: string): boolean;
  noteHeight(peer: string, height: number): void;
  onConnection(connection: Connection): void;
  onDisconnected(peer: string): void;
  start(): void;
  stop(): void;
}

interface Member {
  info: Omit<PeerInfo, 'score'>;
  /** When its last hello came, to ask the longest silent one for more peers. */
  heardAt: number;
}

export function createMembers(options: MembersOptions, deps: MembersDeps): Members {
  const { clock, log, book, standing } = deps;
  const members = new Map<string, Member>();
  const timers = new Set<() => void>();
  const foreigners = new Set<string>();
  const ownId = peerIdFromString(deps.self).toMultihash().bytes;
  const account = options.account === undefined ? undefined : signPeer(options.account, options.genesisHash, ownId);

  function later(ms: number, act: () => void): void {
    const cancel = clock.after(ms, () => {
      timers.delete(cancel);
      act();
    });
    timers.add(cancel);
  }

  function ownHello(connection: Connection): Uint8Array {
    const others = [...members.keys()].filter((peer) => peer !== connection.remotePeer.toString());
    return encodeHello({
      version: HELLO_VERSION,
      genesisHash: options.genesisHash,
      nodeId: options.nodeId,
      height: options.height(),
      account,
      addresses: deps.addresses().slice(0, MAX_ADDRESSES_PER_PEER),
      peers: book.share(others, isLoopback(connection.remoteAddr.toString())),
    });
  }

  /** Introduces this node and hears who the other is. */
  async function greet(connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString();
    const deadline = createDeadline(HELLO_TIMEOUT_MS, `hello to ${peer}`, clock);
    try {
      const reply = await ask(connection, deps.names.request('hello'), ownHello(connection), MAX_HELLO_BYTES, deadline.signal);
      admit(connection, decodeHello(reply));
    } catch (error) {
      log.debug({ peer, error: messageOf(error) }, 'a handshake failed');
      if (isPolError(error, 'NETWORK_BAD_HELLO')) deps.penalise(peer, PENALTY_MALFORMED, error.message);
      if (!members.has(peer)) connection.abort(new Error('the handshake failed'));
    } finally {
      deadline.clear();
    }
  }

  function admit(connection: Connection, hello: Hello): void {
    const peer = connection.remotePeer.toString();
    // 1. Both speak the same version, and are of the same network.
    const mismatch = mismatchOf(hello);
    if (mismatch !== undefined) {
      dismiss(connection, mismatch);
      return;
    }
    // 2. An account that is claimed is proven.
    if (!isAccountProven(hello, options.genesisHash, connection.remotePeer.toMultihash().bytes)) {
      deps.penalise(peer, REFUSAL_POINTS, 'its account signature is not for its peer key');
      return;
    }
    if (connection.status !== 'open') return;
    book.claim(peer, hello.addresses);
    book.learn(peer, hello.addresses);
    book.hear(hello.peers);
    if (hello.account !== undefined && deps.isAuthority(hello.account.address)) {
      book.setPermanent(peer);
      deps.keepAlive(peer);
    }
    const isNew = !members.has(peer);
    const info = {
      id: peer,
      remoteAddress: connection.remoteAddr.toString(),
      direction: connection.direction,
      account: hello.account === undefined ? undefined : checksumAddress(hello.account.address),
      nodeId: hello.nodeId,
      height: hello.height,
    };
    members.set(peer, { info, heardAt: clock.now() });
    if (!isNew) return;
    log.info({ peer, nodeId: hello.nodeId, height: hello.height, direction: connection.direction }, `peer ${hello.nodeId} joined`);
    deps.onEvent({ kind: 'joined', peer: withScore(info) });
  }

  function mismatchOf(hello: Hello): string | undefined {
    if (hello.version !== HELLO_VERSION) return `speaks version ${hello.version} of the protocol, not ${HELLO_VERSION}`;
    if (!isSameNetwork(hello, options.genesisHash)) return `belongs to another network (genesis ${toHex(hello.genesisHash)})`;
    return undefined;
  }

  /** Leaves a peer that did nothing wrong but is of no use. It is given the time to read why. */
  function dismiss(connection: Connection, why: string): void {
    const peer = connection.remotePeer.toString();
    const facts = { peer, address: connection.remoteAddr.toString() };
    if (foreigners.has(peer)) log.debug(facts, `peer ${peer} ${why}`);
    else log.warn(facts, `peer ${peer} ${why}`);
    if (foreigners.size >= MAX_REPORTED_FOREIGNERS) foreigners.clear();
    foreigners.add(peer);
    standing.refuse(peer, FOREIGN_REFUSAL_MS);
    later(FOREIGN_GRACE_MS, () => deps.disconnect(peer, why));
  }

  function withScore(info: Omit<PeerInfo, 'score'>): PeerInfo {
    return { ...info, score: -Math.min(REFUSAL_POINTS, standing.points(info.id)) };
  }

  /** Peers that came after the handshake are known to others by now. */
  function exchange(): void {
    later(PEER_EXCHANGE_INTERVAL_MS, exchange);
    if (members.size >= TARGET_PEERS) return;
    const [oldest] = [...members.values()].sort((a, b) => a.heardAt - b.heardAt);
    const connection = oldest === undefined ? undefined : deps.connectionsOf(oldest.info.id).at(-1);
    if (connection !== undefined) void greet(connection);
  }

  deps.requests.handle('hello', async (bytes, from, connection) => {
    let hello: Hello;
    try {
      hello = decodeHello(bytes);
    } catch (error) {
      deps.penalise(from, PENALTY_MALFORMED, messageOf(error));
      throw error;
    }
    const reply = ownHello(connection);
    admit(connection, hello);
    return reply;
  });

  return {
    ids: () => members.keys(),
    infos: () => [...members.values()].map((member) => withScore(member.info)),
    count: () => members.size,
    has: (peer) => members.has(peer),
    noteHeight(peer, height) {
      const member = members.get(peer);
      if (member !== undefined) member.info = { ...member.info, height };
    },
    onConnection(connection) {
      const peer = connection.remotePeer.toString();
      if (connection.direction === 'outbound') {
        void greet(connection);
        return;
      }
      // A peer that dials has no other connection to us, as far as it knows: an old one here is dead, and gossip would
      // go on writing into it. Two young ones are two nodes dialling each other at once.
      for (const other of deps.connectionsOf(peer)) {
        if (other.id !== connection.id && clock.now() - other.timeline.open > SUPERSEDE_AGE_MS) other.abort(new Error('superseded'));
      }
      later(HELLO_DEADLINE_MS, () => {
        if (!members.has(peer) && connection.status === 'open') connection.abort(new Error('no hello'));
      });
    },
    onDisconnected(peer) {
      const member = members.get(peer);
      if (member === undefined) return;
      members.delete(peer);
      log.info({ peer, nodeId: member.info.nodeId }, `peer ${member.info.nodeId} left`);
      deps.onEvent({ kind: 'left', peer: withScore(member.info) });
    },
    start: () => later(PEER_EXCHANGE_INTERVAL_MS, exchange),
    stop() {
      for (const cancel of timers) cancel();
      timers.clear();
    },
  };
}
