import { randomBytes } from 'node:crypto';
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { describe, expect, it } from 'vitest';
import { createAddressBook } from './address-book.ts';
import { DIAL_BACKOFF_FIRST_MS, DIAL_BACKOFF_LAST_MS, MAX_DIAL_FAILURES, MAX_KNOWN_PEERS, MAX_SHARED_PEERS } from './limits.ts';

/** Not the id of any private key: faster to make. */
const newPeer = () => peerIdFromPublicKey(publicKeyFromRaw(new Uint8Array(randomBytes(32)))).toString();
const [self, alice, bob] = [newPeer(), newPeer(), newPeer()];
const at = (peer: string, host = '192.0.2.1', port = 8000) => `/ip4/${host}/tcp/${port}/ws/p2p/${peer}`;
const BOOT = '/dns/localhost/tcp/8001/ws';

describe('the address book', () => {
  it('tries boot nodes for ever, learned addresses some times, ever more seldom', () => {
    const book = createAddressBook(self, [BOOT, BOOT]);
    book.learn(alice, [at(alice)]);
    const targets = book.due(0);
    expect(targets.map((target) => target.bootAddress ?? target.peer)).toEqual([BOOT, alice]);
    const waits: number[] = [];
    for (let i = 0; i < 8; i++)
      for (const target of targets) {
        book.failed(target, 0);
        if (target.bootAddress !== undefined) waits.push(target.nextAt);
      }
    expect(waits.slice(0, 3)).toEqual([1, 2, 4].map((factor) => factor * DIAL_BACKOFF_FIRST_MS));
    expect(waits.at(-1)).toBe(DIAL_BACKOFF_LAST_MS);
    expect(8).toBeGreaterThan(MAX_DIAL_FAILURES);
    expect(book.due(0)).toEqual([]);
    expect(book.due(DIAL_BACKOFF_LAST_MS).map((target) => target.bootAddress)).toEqual([BOOT]);
  });

  it('never lists this node, nor an address under another peer’s name', () => {
    const book = createAddressBook(self, [at(self)]);
    book.learn(self, [at(self)]);
    book.learn(alice, [at(bob)]);
    book.hear([at(self), '/ip4/192.0.2.1/tcp/1/ws']);
    expect(book.due(0)).toEqual([]);
  });

  it('knows a boot node again by its address, its connection, or its peer id', () => {
    const book = createAddressBook(self, [BOOT, '/ip4/192.0.2.9/tcp/1/ws']);
    book.learn(alice, [at(alice, '127.0.0.1', 8001)]);
    book.claim(alice, [at(alice, '127.0.0.1', 8001)]);
    const [boot, other] = book.due(0);
    expect(boot).toMatchObject({ bootAddress: BOOT, peer: alice, addresses: [at(alice, '127.0.0.1', 8001)] });
    if (other !== undefined) book.succeeded(other, bob);
    expect(other?.peer).toBe(bob);
    expect(book.due(0)).toHaveLength(2);
    // After a restart with another key it is somebody else, at the same place.
    const carol = newPeer();
    if (other !== undefined) book.succeeded(other, carol);
    expect(other).toMatchObject({ peer: carol, addresses: [] });
  });

  it('tries a boot address and what was learned of it by turns', () => {
    const book = createAddressBook(self, [BOOT]);
    const [boot] = book.due(0);
    if (boot === undefined) throw new Error('no target');
    book.succeeded(boot, alice);
    book.learn(alice, [at(alice)]);
    expect(book.addressesOf(boot)).toEqual([BOOT]);
    book.failed(boot, 0);
    expect(book.addressesOf(boot)).toEqual([at(alice)]);
  });

  it('lets third parties add, but not replace', () => {
    const book = createAddressBook(self, []);
    book.learn(alice, [at(alice)]);
    book.hear([at(alice, '203.0.113.6'), at(bob)]);
    expect(book.due(0).map((target) => target.addresses)).toEqual([[at(alice), at(alice, '203.0.113.6')], [at(bob)]]);
    book.learn(alice, [at(alice, '198.51.100.1')]);
    expect(book.due(0)[0]?.addresses).toEqual([at(alice, '198.51.100.1')]);
  });

  it('keeps within its bounds, and authorities beyond failure', () => {
    const book = createAddressBook(self, []);
    book.learn(alice, [at(alice)]);
    book.setPermanent(alice);
    for (let i = 0; i < MAX_KNOWN_PEERS + 5; i++) book.hear([at(newPeer())]);
    expect(book.due(0)).toHaveLength(MAX_KNOWN_PEERS);
    for (let i = 0; i <= MAX_DIAL_FAILURES; i++) for (const target of book.due(Number.MAX_SAFE_INTEGER)) book.failed(target, 0);
    expect(book.due(Number.MAX_SAFE_INTEGER).map((target) => target.peer)).toEqual([alice]);
  });

  it('tells loopback addresses to this machine only', () => {
    const book = createAddressBook(self, []);
    book.learn(alice, [at(alice), at(alice, '127.0.0.1')]);
    expect(book.share([alice, bob], false)).toEqual([at(alice)]);
    expect(book.share([alice, bob], true)).toEqual([at(alice, '127.0.0.1'), at(alice)]);
    const many = Array.from({ length: MAX_SHARED_PEERS + 3 }, newPeer);
    for (const peer of many) book.learn(peer, [at(peer)]);
    expect(book.share(many, false)).toHaveLength(MAX_SHARED_PEERS);
  });
});
