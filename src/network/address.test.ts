import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPolError } from '../primitives/errors.ts';
import { endpointOf, isLoopback, listenAddress, parseAddress, peerIdOf } from './address.ts';
import { generatePeerKey, peerIdText } from './peer-key.ts';

describe('addresses', () => {
  const peer = peerIdText(generatePeerKey());

  it.each([
    ['localhost:8001', '/dns/localhost/tcp/8001/ws'],
    [' 192.0.2.7:80 ', '/ip4/192.0.2.7/tcp/80/ws'],
    ['node.example.org:65535', '/dns/node.example.org/tcp/65535/ws'],
    ['[::1]:8000', '/ip6/::1/tcp/8000/ws'],
    ['/dns4/example.org/tcp/443/wss', '/dns4/example.org/tcp/443/wss'],
    ['/dns4/example.org/tcp/443/tls/ws', '/dns4/example.org/tcp/443/tls/ws'],
    [`/ip4/127.0.0.1/tcp/8000/ws/p2p/${peer}`, `/ip4/127.0.0.1/tcp/8000/ws/p2p/${peer}`],
  ])('"%s" is dialled as %s', (text, address) => {
    expect(parseAddress(text)).toBe(address);
  });

  it.each([
    '',
    'localhost',
    ':8000',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'localhost:80x',
    'http://localhost:8000',
    '::1:8000',
    '[127.0.0.1]:8000',
    'a b:80',
    '/ip4/1.2.3.4/tcp/80',
    '/ip4/1.2.3.4/udp/80/ws',
    '/ip4/1.2.3.999/tcp/80/ws',
    '/ip4/1.2.3.4/tcp/80/ws/p2p/nobody',
    `/p2p/${peer}`,
    `/ip4/1.2.3.4/tcp/80/ws/p2p/${peer}/p2p-circuit/p2p/${peer}`,
    `${'a'.repeat(300)}:80`,
  ])('"%s" is refused', (text) => {
    expect(() => parseAddress(text)).toThrowError(expect.objectContaining({ code: 'NETWORK_BAD_ADDRESS' }));
  });

  it('of any text parse or fail with a code, and parse to themselves', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const address = parseAddress(text);
          expect(parseAddress(address)).toBe(address);
        } catch (error) {
          expect(isPolError(error, 'NETWORK_BAD_ADDRESS')).toBe(true);
        }
      }),
    );
  });

  it('know their peer, whether they mean this machine, and their listener', () => {
    const full = `/ip4/127.0.0.1/tcp/8000/ws/p2p/${peer}`;
    expect(peerIdOf(full)).toBe(peer);
    expect(peerIdOf('/ip4/127.0.0.1/tcp/8000/ws')).toBeUndefined();
    expect(['localhost:1', '127.3.2.1:1', '[::1]:1'].map(parseAddress).every(isLoopback)).toBe(true);
    expect(['192.0.2.1:1', 'example.org:1', '[2001:db8::1]:1'].map(parseAddress).some(isLoopback)).toBe(false);
    expect(endpointOf(full)).toBe(endpointOf(parseAddress('localhost:8000')));
    expect(endpointOf(full)).not.toBe(endpointOf(parseAddress('localhost:8001')));
  });

  it('to listen on are resolved', async () => {
    expect(await listenAddress('0.0.0.0', 8000)).toBe('/ip4/0.0.0.0/tcp/8000/ws');
    expect(await listenAddress('[::]', 0)).toBe('/ip6/::/tcp/0/ws');
    expect(await listenAddress('localhost', 1)).toMatch(/^\/ip[46]\/(127\.0\.0\.1|::1)\/tcp\/1\/ws$/);
    await expect(listenAddress('not a host', 1)).rejects.toMatchObject({ code: 'NETWORK_BAD_ADDRESS' });
  });
});
