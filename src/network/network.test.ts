import { describe, expect, it } from 'vitest';
import { utf8 } from '../primitives/bytes.ts';
import { checksumAddress, generatePrivateKey, signerFromPrivateKey } from '../primitives/keys.ts';
import { MAX_DIRECT_MESSAGE_BYTES, MAX_GOSSIP_MESSAGE_BYTES } from './limits.ts';
import type { Judgement } from './network.ts';
import { allJoined, eventually, gossipReady, hostPort, makeNetwork, startNetwork } from './testing/test-network.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('a network of four', () => {
  it('finds itself through one boot node, gossips, judges and sends directly', async () => {
    const boot = makeNetwork({ nodeId: 'node-0' });
    const heard = new Map<string, string[]>();
    const nodes = [boot];
    await boot.start();
    for (let i = 1; i < 4; i++) {
      nodes.push(makeNetwork({ nodeId: `node-${i}`, bootNodes: [hostPort(boot)], height: () => i }));
    }
    for (const node of nodes) {
      node.subscribe('transactions', async (bytes) => {
        const message = text(bytes);
        if (message.startsWith('probe')) return 'accept';
        heard.set(node.peerId, [...(heard.get(node.peerId) ?? []), message]);
        return 'accept';
      });
      node.onDirect('consensus', async (bytes, from) => {
        heard.set(node.peerId, [...(heard.get(node.peerId) ?? []), `${text(bytes)} from ${from}`]);
        return 'accept';
      });
    }
    await Promise.all(nodes.slice(1).map((node) => node.start()));
    await allJoined(...nodes);

    const last = nodes[3];
    const infos = new Map(last?.peers().map((peer) => [peer.nodeId, peer]));
    expect([...infos.keys()].sort()).toEqual(['node-0', 'node-1', 'node-2']);
    expect(infos.get('node-2')?.height).toBe(2);
    last?.noteHeight(nodes[2]?.peerId ?? '', 17);
    expect(last?.peers().find((peer) => peer.nodeId === 'node-2')).toMatchObject({ height: 17, account: undefined });

    await gossipReady(nodes, (node, attempt) => node.publish('transactions', utf8(`probe ${node.peerId} ${attempt}`)));
    expect(await boot.publish('transactions', utf8('block 1'))).toBe(3);
    expect(await boot.publish('transactions', utf8('block 1'))).toBe(0);
    last?.sendToAll('consensus', utf8('vote'));
    const others = (self: string) => nodes.filter((node) => node.peerId !== self).map((node) => node.peerId);
    await eventually(() => others(boot.peerId).every((peer) => heard.get(peer)?.includes('block 1')));
    await eventually(() => others(last?.peerId ?? '').every((peer) => heard.get(peer)?.includes(`vote from ${last?.peerId}`)));
    for (const peer of others(boot.peerId)) expect(heard.get(peer)?.filter((message) => message === 'block 1')).toHaveLength(1);
  });

  it('does not forward what a node rejected or ignored, nor what its handler failed on', async () => {
    // A line: the ends know each other through the middle only.
    const received: string[] = [];
    const verdicts: Record<string, Judgement | 'throw'> = { bad: 'reject', odd: 'ignore', crash: 'throw', good: 'accept' };
    const middle = makeNetwork({ nodeId: 'middle' });
    middle.subscribe('operations', async (bytes) => {
      const verdict = verdicts[text(bytes)] ?? 'accept';
      if (verdict === 'throw') throw new Error('a bug in a handler');
      return verdict;
    });
    await middle.start();
    const left = makeNetwork({ nodeId: 'left', bootNodes: [hostPort(middle)] });
    const right = makeNetwork({ nodeId: 'right', bootNodes: [hostPort(middle)] });
    left.subscribe('operations', async () => 'accept');
    right.subscribe('operations', async (bytes) => {
      received.push(text(bytes));
      return 'accept';
    });
    await left.start();
    await eventually(() => left.peers().length === 1);
    // The ends refuse each other.
    left.penalise(right.peerId, 100, 'test');
    right.penalise(left.peerId, 100, 'test');
    await right.start();
    await eventually(() => right.peers().length === 1 && middle.peers().length === 2);
    let probe = 0;
    await eventually(async () => {
      await left.publish('operations', utf8(`probe ${probe++}`));
      return received.length > 0;
    });

    for (const message of ['bad', 'odd', 'crash', 'good']) await left.publish('operations', utf8(message));
    await eventually(() => received.includes('good'));
    expect(received.filter((message) => !message.startsWith('probe'))).toEqual(['good']);
    expect(middle.counters()).toMatchObject({ gossipRejected: 1, gossipIgnored: 2 });
    expect(middle.peers().find((peer) => peer.nodeId === 'left')?.score).toBeLessThanOrEqual(-19);
    expect(middle.peers().find((peer) => peer.nodeId === 'right')?.score).toBe(-0);
  });
});

describe('messages', () => {
  it('above the limits are refused before they are sent', async () => {
    const node = await startNetwork();
    await expect(node.publish('transactions', new Uint8Array(MAX_GOSSIP_MESSAGE_BYTES + 1))).rejects.toMatchObject({
      code: 'NETWORK_TOO_LARGE',
    });
    expect(() => node.sendToAll('consensus', new Uint8Array(MAX_DIRECT_MESSAGE_BYTES + 1))).toThrowError(
      expect.objectContaining({ code: 'NETWORK_TOO_LARGE' }),
    );
  });

  it('to nobody go nowhere, and a network that is not running says so', async () => {
    const node = makeNetwork();
    await expect(node.publish('transactions', utf8('x'))).rejects.toMatchObject({ code: 'NETWORK_NOT_STARTED' });
    await node.start();
    expect(await node.publish('transactions', utf8('x'))).toBe(0);
    node.sendToAll('consensus', utf8('x'));
  });

  it('have one handler each', () => {
    const node = makeNetwork();
    node.subscribe('transactions', async () => 'accept');
    node.onDirect('consensus', async () => 'accept');
    const taken = expect.objectContaining({ code: 'NETWORK_HANDLER_TAKEN' });
    expect(() => node.subscribe('transactions', async () => 'accept')).toThrowError(taken);
    expect(() => node.onDirect('consensus', async () => 'accept')).toThrowError(taken);
    expect(() => node.handle('hello', async () => new Uint8Array())).toThrowError(taken);
  });

  it('of the largest size pass by gossip and by direct stream, in order', async () => {
    const a = makeNetwork();
    const sizes: number[] = [];
    let gossiped = 0;
    a.onDirect('consensus', async (bytes) => {
      sizes.push(bytes.length);
      return 'accept';
    });
    a.subscribe('transactions', async (bytes) => {
      gossiped = Math.max(gossiped, bytes.length);
      return 'accept';
    });
    await a.start();
    const b = await startNetwork({ bootNodes: [hostPort(a)] });
    b.subscribe('transactions', async () => 'accept');
    await allJoined(a, b);
    const wanted = [MAX_DIRECT_MESSAGE_BYTES, 0, 1, 70_000, MAX_DIRECT_MESSAGE_BYTES, 3];
    for (const size of wanted) b.sendToAll('consensus', new Uint8Array(size));
    await gossipReady([b, a], (node, attempt) => node.publish('transactions', utf8(`probe ${node.peerId} ${attempt}`)));
    await b.publish('transactions', new Uint8Array(MAX_GOSSIP_MESSAGE_BYTES));
    await eventually(() => sizes.length === wanted.length && gossiped === MAX_GOSSIP_MESSAGE_BYTES);
    expect(sizes).toEqual(wanted);
  });
});

describe('accounts', () => {
  it('are bound to the peer by its signature', async () => {
    const signer = signerFromPrivateKey(generatePrivateKey());
    const authority = await startNetwork({ nodeId: 'authority', account: signer });
    const other = await startNetwork({ bootNodes: [hostPort(authority)], authorities: () => [signer.address] });
    await allJoined(authority, other);
    expect(other.peers()[0]?.account).toBe(checksumAddress(signer.address));
  });
});
