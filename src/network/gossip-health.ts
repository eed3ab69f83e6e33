import type { Connection } from '@libp2p/interface';
import type { Clock } from '../primitives/clock.ts';
import type { Logger } from '../primitives/log.ts';
import { GOSSIP_HEALTH_INTERVAL_MS, GOSSIP_HEALTH_STRIKES } from './limits.ts';

const MESHSUB_PREFIX = '/meshsub/';

export interface GossipHealthDeps {
  readonly clock: Clock;
  readonly log: Logger;
  joinedPeers(): Iterable<string>;
  connectionsOf(peer: string): readonly Connection[];
  disconnect(peer: string, why: string): void;
}

/**
 * Finds peers whom gossip has lost. gossipsub opens its outbound stream once, on the connection that was identified first,
 * and never again while the peer stays connected in any way; a stream that failed to open or died is not reported.
 * The cure is a new connection, which the dialer of either side makes.
 */
export function createGossipHealth(deps: GossipHealthDeps): { start(): void; stop(): void } {
  let strikes = new Map<string, number>();
  let cancel = () => {};

  function check(): void {
    const next = new Map<string, number>();
    for (const peer of [...deps.joinedPeers()]) {
      if (deps.connectionsOf(peer).some(hasOutboundGossip)) continue;
      const count = (strikes.get(peer) ?? 0) + 1;
      if (count < GOSSIP_HEALTH_STRIKES) next.set(peer, count);
      else {
        deps.log.warn({ peer }, 'a peer has no gossip stream; connecting anew');
        deps.disconnect(peer, 'no gossip stream');
      }
    }
    strikes = next;
    cancel = deps.clock.after(GOSSIP_HEALTH_INTERVAL_MS, check);
  }

  return {
    start() {
      cancel = deps.clock.after(GOSSIP_HEALTH_INTERVAL_MS, check);
    },
    stop: () => cancel(),
  };
}

function hasOutboundGossip(connection: Connection): boolean {
  return connection.streams.some(
    (stream) => stream.direction === 'outbound' && stream.status === 'open' && stream.protocol.startsWith(MESHSUB_PREFIX),
  );
}
