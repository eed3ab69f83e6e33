import { describe, expect, it } from 'vitest';
import { decodePeerKey, encodePeerKey, generatePeerKey, libp2pKey, peerIdText } from './peer-key.ts';

describe('peer keys', () => {
  it('are RFC 8032 Ed25519, written as their seed', () => {
    // RFC 8032, section 7.1, test 1.
    const key = decodePeerKey('0x9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n');
    expect(Buffer.from(key.subarray(32)).toString('hex')).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    expect(encodePeerKey(key)).toBe('0x9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
  });

  it('are fresh each time and keep their identity in a file', () => {
    const key = generatePeerKey();
    expect(peerIdText(decodePeerKey(encodePeerKey(key)))).toBe(peerIdText(key));
    expect(peerIdText(key)).toMatch(/^12D3Koo/);
    expect(peerIdText(generatePeerKey())).not.toBe(peerIdText(key));
  });

  it('that are broken are refused', () => {
    const bad = expect.objectContaining({ code: 'NETWORK_BAD_PEER_KEY' });
    for (const text of ['', 'key', '0x12', `0x${'00'.repeat(33)}`]) expect(() => decodePeerKey(text)).toThrowError(bad);
    const key = generatePeerKey();
    key[63] = (key[63] ?? 0) ^ 1;
    expect(() => libp2pKey(key)).toThrowError(bad);
    expect(() => libp2pKey(key.subarray(0, 32))).toThrowError(bad);
  });
});
