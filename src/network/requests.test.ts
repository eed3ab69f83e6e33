import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import type { NodeNetwork } from './create-network.ts';
import { MAX_REQUESTS_OUT_PER_PEER, REQUEST_LIMITS, REQUEST_PACE } from './limits.ts';
import { allJoined, createManualClock, eventually, hostPort, makeNetwork, startNetwork } from './testing/test-network.ts';

const MIB = 1024 * 1024;

async function pair(): Promise<[NodeNetwork, NodeNetwork]> {
  const server = await startNetwork({ nodeId: 'server' });
  const client = await startNetwork({ nodeId: 'client', bootNodes: [hostPort(server)] });
  await allJoined(server, client);
  return [server, client];
}

describe('requests', () => {
  it('carry 20 MB unharmed, in both directions at once', async () => {
    const [a, b] = await pair();
    const blobs = new Map([a, b].map((node) => [node.peerId, new Uint8Array(randomBytes(20 * MIB))]));
    for (const node of [a, b]) node.handle('blob', async () => blobs.get(node.peerId) ?? new Uint8Array());
    const options = { maxBytes: 20 * MIB, timeoutMs: 20_000 };
    const [fromB, fromA] = await Promise.all([
      a.request(b.peerId, 'blob', utf8('id'), options),
      b.request(a.peerId, 'blob', utf8('id'), options),
    ]);
    expect(sha256(fromB)).toEqual(sha256(blobs.get(b.peerId) ?? new Uint8Array()));
    expect(sha256(fromA)).toEqual(sha256(blobs.get(a.peerId) ?? new Uint8Array()));
    // Tensors are viewed in place.
    expect(fromB.byteOffset).toBe(0);
  });

  it('answer with what the handler returns, empty when the peer does not have it', async () => {
    const [server, client] = await pair();
    server.handle('blocks', async (bytes, from) => (bytes.length === 0 ? new Uint8Array() : utf8(`${bytes.length} bytes from ${from}`)));
    const options = { maxBytes: 100, timeoutMs: 5_000 };
    expect(await client.request(server.peerId, 'blocks', new Uint8Array(), options)).toEqual(new Uint8Array());
    const answer = await client.request(server.peerId, 'blocks', new Uint8Array(7), options);
    expect(new TextDecoder().decode(answer)).toBe(`7 bytes from ${client.peerId}`);
  });

  it('fail with a code: too large, slow, aborted, refused, unreachable', async () => {
    const [server, client] = await pair();
    let served = 0;
    server.handle('blob', async (bytes) => {
      served++;
      const wish = new TextDecoder().decode(bytes);
      if (wish === 'large') return new Uint8Array(2 * MIB);
      if (wish === 'fail') throw new Error('a bug in a handler');
      return new Promise(() => {});
    });
    const options = { maxBytes: MIB, timeoutMs: 5_000 };
    const ask = (wish: string, more: object = {}) => client.request(server.peerId, 'blob', utf8(wish), { ...options, ...more });
    await expect(ask('large')).rejects.toMatchObject({ code: 'NETWORK_TOO_LARGE' });
    await expect(ask('slow', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'NETWORK_TIMEOUT' });
    await expect(ask('fail')).rejects.toMatchObject({ code: 'NETWORK_REFUSED' });
    await expect(client.request(server.peerId, 'opening', utf8('nobody answers these'), options)).rejects.toMatchObject({
      code: 'NETWORK_REFUSED',
    });
    const before = served;
    const controller = new AbortController();
    const aborted = ask('slow', { signal: controller.signal });
    await eventually(() => served > before);
    controller.abort(new Error('no longer wanted'));
    await expect(aborted).rejects.toThrow('no longer wanted');
    await expect(ask('slow', { signal: controller.signal })).rejects.toThrow('no longer wanted');
    await expect(
      client.request(server.peerId, 'blob', new Uint8Array(REQUEST_LIMITS.blob.maxRequestBytes + 1), options),
    ).rejects.toMatchObject({
      code: 'NETWORK_TOO_LARGE',
    });
    const stranger = (await startNetwork()).peerId;
    await expect(client.request(stranger, 'blob', utf8('x'), options)).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    // None of it cost the client or the connection anything.
    expect(server.peers()[0]?.score).toBe(-0);
  });

  it('end as unreachable when the peer goes away in the middle', async () => {
    const [server, client] = await pair();
    let asked = false;
    server.handle('blob', async () => {
      asked = true;
      return new Promise(() => {});
    });
    const outcome = client.request(server.peerId, 'blob', utf8('x'), { maxBytes: 10, timeoutMs: 20_000 });
    outcome.catch(() => {});
    await eventually(() => asked);
    await server.stop();
    await expect(outcome).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' });
  });

  it('wait their turn beyond the number open to one peer', async () => {
    const [server, client] = await pair();
    let open = 0;
    let most = 0;
    server.handle('blob', async (bytes) => {
      open++;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
      return bytes;
    });
    const wishes = Array.from({ length: 40 }, (_, i) => Uint8Array.of(i));
    const answers = await Promise.all(
      wishes.map((wish) => client.request(server.peerId, 'blob', wish, { maxBytes: 10, timeoutMs: 10_000 })),
    );
    expect(answers).toEqual(wishes);
    expect(most).toBeLessThanOrEqual(MAX_REQUESTS_OUT_PER_PEER);
  });

  it('are held back so that the peer never calls them too fast', async () => {
    const clock = createManualClock();
    const server = makeNetwork({ nodeId: 'server' }, undefined, clock);
    await server.start();
    const client = makeNetwork({ nodeId: 'client', bootNodes: [hostPort(server)] }, undefined, clock);
    await client.start();
    await eventually(() => {
      clock.advance(1);
      return client.peers().length === 1 && server.peers().length === 1;
    });
    server.handle('protocol-state', async () => utf8('state'));
    const allowed = Math.floor(REQUEST_LIMITS['protocol-state'].burst * REQUEST_PACE);
    let answered = 0;
    for (let i = 0; i < allowed + 3; i++) {
      void client.request(server.peerId, 'protocol-state', new Uint8Array(), { maxBytes: 10, timeoutMs: 60_000 }).then(() => answered++);
    }
    await eventually(() => answered === allowed);
    await eventually(() => {
      clock.advance(100);
      return answered === allowed + 3;
    });
    expect(server.peers()[0]?.score).toBe(-0);
  });
});
