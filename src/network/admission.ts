import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { Clock } from '../primitives/clock.ts';
import {
  CONNECTIONS_PER_ADDRESS,
  CONNECTIONS_PER_LOOPBACK,
  CONNECTIONS_PER_PEER,
  MAX_RATED_SOURCES,
  PENALTY_CONNECTION_CHURN,
  REFUSED_CONNECTION_TOKENS,
} from './limits.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

export interface AdmissionDeps {
  readonly clock: Clock;
  isRefused(peer: string): boolean;
  penalise(peer: string, points: number, why: string): void;
}

/** Beginnings of multiaddrs. */
const LOOPBACK = /^\/(ip4\/127\.|ip6\/(::1$|::ffff:127\.))/;

/** Buckets by name; the one made first is forgotten when there are too many. */
function createBuckets(rateOf: (name: string) => { readonly perSecond: number; readonly burst: number }, clock: Clock) {
  const buckets = new Map<string, TokenBucket>();
  return (name: string): TokenBucket => {
    let bucket = buckets.get(name);
    if (bucket === undefined) {
      const [oldest] = buckets.keys();
      if (buckets.size >= MAX_RATED_SOURCES && oldest !== undefined) buckets.delete(oldest);
      bucket = createTokenBucket(rateOf(name), clock);
      buckets.set(name, bucket);
    }
    return bucket;
  };
}

/**
 * Decides who may connect. Cheapest first: an address that connects too often is turned away before the encryption, which
 * costs milliseconds of arithmetic; a refused peer, which is known only after it, makes its address pay for that.
 */
export function createAdmission(deps: AdmissionDeps): ConnectionGater {
  const { clock, isRefused, penalise } = deps;
  const byAddress = createBuckets((host) => (LOOPBACK.test(host) ? CONNECTIONS_PER_LOOPBACK : CONNECTIONS_PER_ADDRESS), clock);
  const byPeer = createBuckets(() => CONNECTIONS_PER_PEER, clock);
  const refused = (peer: PeerId) => isRefused(peer.toString());

  return {
    denyDialPeer: refused,
    denyOutboundEncryptedConnection: refused,
    denyInboundConnection: (connection) => !byAddress(hostOf(connection)).take(),
    denyInboundEncryptedConnection(peer, connection) {
      const name = peer.toString();
      if (!refused(peer) && !byPeer(name).take()) penalise(name, PENALTY_CONNECTION_CHURN, 'connects again and again');
      if (!refused(peer)) return false;
      byAddress(hostOf(connection)).drain(REFUSED_CONNECTION_TOKENS);
      return true;
    },
  };
}

/** The multiaddr without its port: /ip4/192.0.2.1. */
function hostOf({ remoteAddr }: MultiaddrConnection): string {
  return remoteAddr.toString().split('/').slice(0, 3).join('/');
}
