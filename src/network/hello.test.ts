import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { sha256 } from '../primitives/hash.ts';
import { generatePrivateKey, signerFromPrivateKey } from '../primitives/keys.ts';
import { decodeHello, encodeHello, type Hello, isAccountProven, isSameNetwork, signPeer } from './hello.ts';
import { MAX_ADDRESSES_PER_PEER, MAX_HELLO_BYTES, MAX_SHARED_PEERS } from './limits.ts';
import { generatePeerKey, peerIdText } from './peer-key.ts';

const genesisHash = sha256(utf8('genesis'));
const peerId = utf8('a peer id, as bytes');
const peer = peerIdText(generatePeerKey());
const hello: Hello = {
  version: 1,
  genesisHash,
  nodeId: 'node-1',
  height: 12,
  account: signPeer(signerFromPrivateKey(generatePrivateKey()), genesisHash, peerId),
  addresses: [`/ip4/192.0.2.1/tcp/8000/ws/p2p/${peer}`],
  peers: [],
};

describe('hello', () => {
  it('reads back as it was written, and fits its limit with all it may carry', () => {
    expect(decodeHello(encodeHello(hello))).toEqual(hello);
    const { account: _, ...bare } = hello;
    expect(decodeHello(encodeHello({ ...bare, account: undefined }))).toEqual({ ...bare, account: undefined });
    const address = `/dns4/${'a'.repeat(60)}.example.org/tcp/65535/ws/p2p/${peer}`;
    const full = { ...hello, addresses: Array(MAX_ADDRESSES_PER_PEER).fill(address), peers: Array(MAX_SHARED_PEERS).fill(address) };
    expect(encodeHello(full).length).toBeLessThan(MAX_HELLO_BYTES);
  });

  it('proves the account for one peer and one network only', () => {
    const other = signerFromPrivateKey(generatePrivateKey());
    expect(isAccountProven(hello, genesisHash, peerId)).toBe(true);
    expect(isAccountProven(hello, genesisHash, utf8('another peer id here'))).toBe(false);
    expect(isAccountProven(hello, sha256(utf8('another')), peerId)).toBe(false);
    expect(
      isAccountProven(
        { ...hello, account: { ...signPeer(other, genesisHash, peerId), address: signerFromPrivateKey(generatePrivateKey()).address } },
        genesisHash,
        peerId,
      ),
    ).toBe(false);
    expect(isAccountProven({ ...hello, account: undefined }, genesisHash, peerId)).toBe(true);
    expect(isSameNetwork(hello, genesisHash)).toBe(true);
    expect(isSameNetwork(hello, sha256(utf8('another')))).toBe(false);
  });

  it('leaves out addresses it does not understand, and refuses more than it may carry', () => {
    const change = (changes: object) => utf8(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(encodeHello(hello))), ...changes }));
    expect(decodeHello(change({ peers: ['/ip4/1.2.3.4/udp/1/quic-v1', 'nonsense', hello.addresses[0]] })).peers).toEqual(hello.addresses);
    const bad = expect.objectContaining({ code: 'NETWORK_BAD_HELLO' });
    expect(() => decodeHello(change({ peers: Array(MAX_SHARED_PEERS + 1).fill('x') }))).toThrowError(bad);
    expect(() => decodeHello(change({ nodeId: '<script>' }))).toThrowError(bad);
    expect(() => decodeHello(change({ genesisHash: '0x12' }))).toThrowError(bad);
    expect(() => decodeHello(change({ account: { address: '0x', signature: '0x' } }))).toThrowError(bad);
  });

  it('of any bytes decodes or fails with its code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
        try {
          decodeHello(bytes);
        } catch (error) {
          expect(isPolError(error, 'NETWORK_BAD_HELLO')).toBe(true);
        }
      }),
    );
  });
});
