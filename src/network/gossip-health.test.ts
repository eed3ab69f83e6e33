import type { Connection } from '@libp2p/interface';
import { expect, it } from 'vitest';
import { silentLogger } from '../primitives/log.ts';
import { createGossipHealth } from './gossip-health.ts';
import { GOSSIP_HEALTH_INTERVAL_MS, GOSSIP_HEALTH_STRIKES } from './limits.ts';
import { createManualClock } from './testing/test-network.ts';

it('a peer without a gossip stream is connected anew, but not one that is still being set up', () => {
  const clock = createManualClock();
  const connection = (...streams: object[]) => ({ streams }) as unknown as Connection;
  const gossip = { direction: 'outbound', status: 'open', protocol: '/meshsub/1.2.0' };
  const connections = new Map([
    ['well', [connection(), connection(gossip)]],
    ['lost', [connection({ ...gossip, status: 'closed' }, { ...gossip, direction: 'inbound' })]],
    ['slow', [connection()]],
  ]);
  const disconnected: string[] = [];
  const health = createGossipHealth({
    clock,
    log: silentLogger,
    joinedPeers: () => connections.keys(),
    connectionsOf: (peer) => connections.get(peer) ?? [],
    disconnect: (peer) => disconnected.push(peer),
  });
  health.start();
  for (let i = 0; i < GOSSIP_HEALTH_STRIKES; i++) {
    expect(disconnected).toEqual([]);
    if (i === GOSSIP_HEALTH_STRIKES - 1) connections.set('slow', [connection(gossip)]);
    clock.advance(GOSSIP_HEALTH_INTERVAL_MS);
  }
  expect(disconnected).toEqual(['lost']);
  health.stop();
  connections.set('well', []);
  clock.advance(100 * GOSSIP_HEALTH_INTERVAL_MS);
  expect(disconnected).toEqual(['lost']);
});
