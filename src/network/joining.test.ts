import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import { MAX_DIRECT_MESSAGE_BYTES } from './limits.ts';
import { generatePeerKey } from './peer-key.ts';
import { allJoined, eventually, hostPort, makeNetwork, startNetwork } from './testing/test-network.ts';

/** A port that nobody listens on now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function listLogger(lines: string[]): Logger {
  const push = (level: string) => (facts: object, message: string) =>
    lines.push(`${level} ${message}${'error' in facts ? ` [${facts.error}]` : ''}`);
  const logger: Logger = { debug() {}, info: push('info'), warn: push('warn'), error: push('error'), child: () => logger };
  return logger;
}

describe('joining', () => {
  it('two nodes that start at the same time and name each other become peers', async () => {
    const ports = [await freePort(), await freePort()] as const;
    const a = makeNetwork({ port: ports[0], bootNodes: [`127.0.0.1:${ports[1]}`] });
    const b = makeNetwork({ port: ports[1], bootNodes: [`127.0.0.1:${ports[0]}`] });
    await Promise.all([a.start(), b.start()]);
    await allJoined(a, b);
    const heard = new Set<string>();
    for (const node of [a, b]) {
      node.onDirect('consensus', async () => {
        heard.add(node.peerId);
        return 'accept';
      });
    }
    a.sendToAll('consensus', utf8('x'));
    b.sendToAll('consensus', utf8('x'));
    await eventually(() => heard.size === 2);
  });

  it('an unreachable boot node is reported once and connected when it comes up', async () => {
    const port = await freePort();
    const lines: string[] = [];
    const node = await startNetwork({ bootNodes: [`localhost:${port}`] }, listLogger(lines));
    await eventually(() => lines.some((line) => line.startsWith('warn')));
    const boot = await startNetwork({ port });
    await allJoined(node, boot);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      `warn boot node /dns/localhost/tcp/${port}/ws is not reachable yet; trying again until it is [connect ECONNREFUSED 127.0.0.1:${port}]`,
    ]);
    expect(lines.some((line) => line.endsWith('is reachable now'))).toBe(true);
  });

  it('a node in its own boot list does not join itself', async () => {
    const port = await freePort();
    const lines: string[] = [];
    const node = await startNetwork({ port, bootNodes: [`127.0.0.1:${port}`, `localhost:${port}`] }, listLogger(lines));
    const other = await startNetwork({ bootNodes: [`127.0.0.1:${port}`] });
    await allJoined(node, other);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  it('a peer that restarts with the same key is a peer again, for gossip and direct messages', async () => {
    const port = await freePort();
    const peerKey = generatePeerKey();
    const heard: string[] = [];
    const stays = makeNetwork({ bootNodes: [`127.0.0.1:${port}`] });
    stays.subscribe('transactions', async (bytes) => {
      heard.push(new TextDecoder().decode(bytes));
      return 'accept';
    });
    stays.onDirect('consensus', async (bytes) => {
      heard.push(new TextDecoder().decode(bytes));
      return 'accept';
    });
    const first = await startNetwork({ port, peerKey });
    await stays.start();
    await allJoined(stays, first);
    const kinds: string[] = [];
    stays.onPeer((event) => kinds.push(event.kind));
    await first.stop();
    await eventually(() => stays.peers().length === 0);
    const second = await startNetwork({ port, peerKey });
    await allJoined(stays, second);
    expect(stays.peers()[0]?.id).toBe(first.peerId);
    expect(kinds).toEqual(['left', 'joined']);
    second.sendToAll('consensus', utf8('direct'));
    let probe = 0;
    await eventually(async () => {
      await second.publish('transactions', utf8(`gossip ${probe++}`));
      return heard.includes('direct') && heard.some((message) => message.startsWith('gossip'));
    });
  });

  it('a node of another network is refused, and both say why', async () => {
    const lines: string[] = [];
    const otherLines: string[] = [];
    const foreign = sha256(utf8('another genesis'));
    const node = await startNetwork({}, listLogger(lines));
    const other = await startNetwork({ genesisHash: foreign, bootNodes: [hostPort(node)] }, listLogger(otherLines));
    const ofAnother = (line: string) => line.includes('belongs to another network (genesis 0x');
    await eventually(() => lines.some(ofAnother) && otherLines.some(ofAnother));
    expect(node.peers()).toEqual([]);
    expect(other.peers()).toEqual([]);
  });

  it('a full node refuses more peers', async () => {
    const node = await startNetwork({ maxPeers: 1 });
    const first = await startNetwork({ bootNodes: [hostPort(node)] });
    await allJoined(node, first);
    const lines: string[] = [];
    await startNetwork({ bootNodes: [hostPort(node)] }, listLogger(lines));
    await eventually(() => lines.some((line) => line.includes('is not reachable yet')));
    expect(node.peers()).toHaveLength(1);
  });
});

describe('starting', () => {
  it('says when the port is in use, and can be tried again', async () => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '127.0.0.1', () => {
        const address = holder.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const node = makeNetwork({ port });
    await expect(node.start()).rejects.toMatchObject({
      code: 'NETWORK_PORT_IN_USE',
      message: `port ${port} is in use: choose another --port`,
    });
    await new Promise((resolve) => holder.close(resolve));
    await node.start();
    expect(hostPort(node)).toBe(`127.0.0.1:${port}`);
  });

  it('refuses hosts and boot nodes that make no sense', async () => {
    expect(() => makeNetwork({ bootNodes: ['nonsense'] })).toThrowError(expect.objectContaining({ code: 'NETWORK_BAD_ADDRESS' }));
    expect(() => makeNetwork({ announce: ['/ip4/1.2.3.4/udp/1'] })).toThrowError(expect.objectContaining({ code: 'NETWORK_BAD_ADDRESS' }));
    // TEST-NET-1: an address this machine does not have.
    await expect(makeNetwork({ host: '192.0.2.1' }).start()).rejects.toMatchObject({ code: 'NETWORK_LISTEN_FAILED' });
  });

  it('twice is once, and after a stop again', async () => {
    const node = await startNetwork();
    await node.start();
    await node.stop();
    await node.stop();
    expect(node.addresses()).toEqual([]);
    await node.start();
    expect(node.addresses()).toHaveLength(1);
  });
});

describe('a flood', () => {
  it('of direct messages leads to disconnection and refusal', async () => {
    const node = makeNetwork();
    node.onDirect('consensus', async () => 'accept');
    await node.start();
    const flooder = await startNetwork({ bootNodes: [hostPort(node)] });
    await allJoined(node, flooder);
    const left: string[] = [];
    node.onPeer((event) => {
      if (event.kind === 'left') left.push(event.peer.id);
    });
    await eventually(() => {
      for (let i = 0; i < 200; i++) flooder.sendToAll('consensus', Uint8Array.of(i));
      return left.length > 0;
    });
    expect(left).toEqual([flooder.peerId]);
    await eventually(() => flooder.peers().length === 0);
    expect(node.counters().peersRefused).toBe(1);
  });

  it('beyond what a peer takes drops the oldest messages and counts them', async () => {
    const node = await startNetwork();
    const sender = await startNetwork({ bootNodes: [hostPort(node)] });
    await allJoined(node, sender);
    for (let i = 0; i < 100; i++) sender.sendToAll('consensus', new Uint8Array(MAX_DIRECT_MESSAGE_BYTES));
    expect(sender.counters().directDropped).toBeGreaterThan(0);
    expect(sender.peers()).toHaveLength(1);
  });

  it('of invalid messages leads to disconnection', async () => {
    const node = makeNetwork();
    node.onDirect('consensus', async () => 'reject');
    await node.start();
    const liar = await startNetwork({ bootNodes: [hostPort(node)] });
    await allJoined(node, liar);
    for (let i = 0; i < 6; i++) liar.sendToAll('consensus', Uint8Array.of(i));
    await eventually(() => node.peers().length === 0 && liar.peers().length === 0);
  });
});
