import { endpointOf, isLoopback, peerIdOf } from './address.ts';
import {
  DIAL_BACKOFF_FIRST_MS,
  DIAL_BACKOFF_LAST_MS,
  MAX_ADDRESSES_PER_PEER,
  MAX_DIAL_FAILURES,
  MAX_KNOWN_PEERS,
  MAX_SHARED_PEERS,
} from './limits.ts';

/** Somebody worth dialling. */
export interface Target {
  /** Configured by the operator; its peer id may change between two dials. */
  readonly bootAddress: string | undefined;
  /** Known after the first connection, from the address, or from another peer. */
  peer: string | undefined;
  /** With the peer's id, most trusted first. */
  addresses: string[];
  /** Never forgotten: a boot node or an authority. */
  permanent: boolean;
  failures: number;
  nextAt: number;
  dialling: boolean;
}

/** Who can be dialled, and when to try again. Pure but for its own state. */
export interface AddressBook {
  /** A peer's own word on its addresses. */
  learn(peer: string, addresses: readonly string[]): void;
  /** Third parties' word: it only adds peers and addresses not known yet. */
  hear(addresses: readonly string[]): void;
  setPermanent(peer: string): void;
  /** Targets whose time has come, longest waiting first; permanent ones before all. */
  due(now: number): Target[];
  /** The addresses to try now: a boot address and the learned ones by turns. */
  addressesOf(target: Target): readonly string[];
  succeeded(target: Target, peer: string): void;
  failed(target: Target, now: number): void;
  drop(target: Target): void;
  /** Addresses of these peers to tell others; those on this machine only to peers on it. */
  share(peers: Iterable<string>, toLoopback: boolean): string[];
  /** The boot targets that a peer with these addresses answers for get its id, so that it is not dialled twice. */
  claim(peer: string, addresses: readonly string[]): void;
}

const ADDRESSES_SHARED_PER_PEER = 2;

export function createAddressBook(self: string, bootAddresses: readonly string[]): AddressBook {
  const targets = new Set<Target>();
  const byPeer = new Map<string, Target>();

  function add(target: Target): void {
    targets.add(target);
    if (target.peer !== undefined) byPeer.set(target.peer, target);
  }

  function remove(target: Target): void {
    targets.delete(target);
    if (target.peer !== undefined && byPeer.get(target.peer) === target) byPeer.delete(target.peer);
  }

  /** Gives a target its peer id; if the peer has another target, the boot target takes over what that one knew. */
  function identify(target: Target, peer: string): void {
    if (target.peer === peer) return;
    if (target.peer !== undefined && byPeer.get(target.peer) === target) byPeer.delete(target.peer);
    const other = byPeer.get(peer);
    target.peer = peer;
    if (other !== undefined) {
      target.addresses = other.addresses;
      target.permanent ||= other.permanent;
      targets.delete(other);
    } else target.addresses = [];
    byPeer.set(peer, target);
  }

  function learnInto(peer: string, addresses: readonly string[], isOwnWord: boolean): void {
    if (peer === self) return;
    const own = addresses.filter((address) => peerIdOf(address) === peer).slice(0, MAX_ADDRESSES_PER_PEER);
    const known = byPeer.get(peer);
    if (known === undefined) {
      if (own.length === 0 || targets.size >= MAX_KNOWN_PEERS) return;
      add({ bootAddress: undefined, peer, addresses: own, permanent: false, failures: 0, nextAt: 0, dialling: false });
    } else if (isOwnWord) {
      known.addresses = own;
    } else {
      const room = MAX_ADDRESSES_PER_PEER - known.addresses.length;
      known.addresses.push(...own.filter((address) => !known.addresses.includes(address)).slice(0, Math.max(0, room)));
    }
  }

  for (const bootAddress of new Set(bootAddresses)) {
    const peer = peerIdOf(bootAddress);
    if (peer === self || (peer !== undefined && byPeer.has(peer))) continue;
    add({ bootAddress, peer, addresses: [], permanent: true, failures: 0, nextAt: 0, dialling: false });
  }

  return {
    learn: (peer, addresses) => learnInto(peer, addresses, true),
    hear(addresses) {
      for (const address of addresses) {
        const peer = peerIdOf(address);
        if (peer !== undefined) learnInto(peer, [address], false);
      }
    },
    setPermanent(peer) {
      const target = byPeer.get(peer);
      if (target !== undefined) target.permanent = true;
    },
    due(now) {
      return [...targets]
        .filter((target) => !target.dialling && target.nextAt <= now)
        .sort((a, b) => Number(b.permanent) - Number(a.permanent) || a.nextAt - b.nextAt);
    },
    addressesOf(target) {
      if (target.bootAddress === undefined) return target.addresses;
      return target.failures % 2 === 1 && target.addresses.length > 0 ? target.addresses : [target.bootAddress];
    },
    succeeded(target, peer) {
      target.failures = 0;
      target.nextAt = 0;
      if (targets.has(target)) identify(target, peer);
    },
    failed(target, now) {
      target.nextAt = now + Math.min(DIAL_BACKOFF_FIRST_MS * 2 ** target.failures, DIAL_BACKOFF_LAST_MS);
      target.failures++;
      if (!target.permanent && target.failures >= MAX_DIAL_FAILURES) remove(target);
    },
    drop: remove,
    share(peers, toLoopback) {
      const shared: string[] = [];
      for (const peer of peers) {
        const addresses = byPeer.get(peer)?.addresses ?? [];
        const useful = toLoopback
          ? [...addresses].sort((a, b) => Number(isLoopback(b)) - Number(isLoopback(a)))
          : addresses.filter((address) => !isLoopback(address));
        shared.push(...useful.slice(0, ADDRESSES_SHARED_PER_PEER));
        if (shared.length >= MAX_SHARED_PEERS) break;
      }
      return shared.slice(0, MAX_SHARED_PEERS);
    },
    claim(peer, addresses) {
      const endpoints = new Set(addresses.map(endpointOf));
      for (const target of [...targets]) {
        if (target.bootAddress !== undefined && target.peer === undefined && endpoints.has(endpointOf(target.bootAddress))) {
          identify(target, peer);
        }
      }
    },
  };
}
