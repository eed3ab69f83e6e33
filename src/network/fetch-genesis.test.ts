import { describe, expect, it } from 'vitest';
import { utf8 } from '../primitives/bytes.ts';
import { fetchGenesis } from './fetch-genesis.ts';
import { eventually, hostPort, makeNetwork, startNetwork } from './testing/test-network.ts';

describe('fetchGenesis', () => {
  it('gets the document from whichever boot node has one, before any handshake', async () => {
    const withNone = makeNetwork();
    withNone.handle('genesis', async () => new Uint8Array());
    await withNone.start();
    const node = makeNetwork();
    node.handle('genesis', async () => utf8('{"chain":"pol"}'));
    await node.start();
    const bytes = await fetchGenesis({ bootNodes: ['127.0.0.1:1', hostPort(withNone), hostPort(node)], timeoutMs: 10_000 });
    expect(new TextDecoder().decode(bytes)).toBe('{"chain":"pol"}');
    expect(node.peers()).toEqual([]);
  });

  it('waits for a boot node that comes up later', async () => {
    const node = await startNetwork();
    const address = hostPort(node);
    const port = Number(address.split(':')[1]);
    await node.stop();
    const fetched = fetchGenesis({ bootNodes: [address], timeoutMs: 20_000 });
    const late = makeNetwork({ port });
    late.handle('genesis', async () => utf8('late'));
    await late.start();
    expect(await fetched).toEqual(utf8('late'));
  });

  it('says who was asked when nobody answers, and stops when told', async () => {
    await expect(fetchGenesis({ bootNodes: ['127.0.0.1:1'], timeoutMs: 200 })).rejects.toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: expect.stringContaining('no boot node (127.0.0.1:1) gave the genesis within 200 ms'),
    });
    await expect(fetchGenesis({ bootNodes: [], timeoutMs: 200 })).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    await expect(fetchGenesis({ bootNodes: ['what is this'], timeoutMs: 200 })).rejects.toMatchObject({ code: 'NETWORK_BAD_ADDRESS' });
    const controller = new AbortController();
    const fetched = fetchGenesis({ bootNodes: ['127.0.0.1:1'], timeoutMs: 20_000, signal: controller.signal });
    fetched.catch(() => {});
    await eventually(() => true);
    controller.abort(new Error('the user gave up'));
    await expect(fetched).rejects.toThrow('the user gave up');
  });
});
