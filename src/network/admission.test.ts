import type { MultiaddrConnection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { createAdmission } from './admission.ts';
import {
  CONNECTIONS_PER_ADDRESS,
  CONNECTIONS_PER_LOOPBACK,
  CONNECTIONS_PER_PEER,
  PENALTY_CONNECTION_CHURN,
  REFUSED_CONNECTION_TOKENS,
} from './limits.ts';
import { generatePeerKey, peerIdText } from './peer-key.ts';
import { createStanding } from './standing.ts';
import { createManualClock } from './testing/test-network.ts';

const from = (address: string) => ({ remoteAddr: multiaddr(address) }) as MultiaddrConnection;
const STRANGER = from('/ip4/192.0.2.1/tcp/1000');
const NEIGHBOUR = from('/ip4/192.0.2.2/tcp/1000');
const OWN = from('/ip4/127.0.0.1/tcp/1000');

function setUp() {
  const clock = createManualClock();
  const standing = createStanding(clock);
  const penalise = (peer: string, points: number) => void standing.penalise(peer, points);
  const admission = createAdmission({ clock, isRefused: standing.isRefused, penalise });
  const peer = peerIdFromString(peerIdText(generatePeerKey()));
  /** Connections that are let in before one is not. */
  const admitted = (connection: MultiaddrConnection) => {
    let count = 0;
    while (admission.denyInboundConnection?.(connection) === false) count++;
    return count;
  };
  return { clock, standing, admission, peer, admitted };
}

describe('createAdmission', () => {
  it('slows an address that connects again and again, and no other; a machine’s own networks more mildly', () => {
    const { clock, admitted } = setUp();
    expect(admitted(STRANGER)).toBe(CONNECTIONS_PER_ADDRESS.burst);
    expect(admitted(from('/ip4/192.0.2.1/tcp/2000'))).toBe(0);
    expect(admitted(NEIGHBOUR)).toBe(CONNECTIONS_PER_ADDRESS.burst);
    expect(admitted(OWN)).toBe(CONNECTIONS_PER_LOOPBACK.burst);
    clock.advance(1_000);
    expect(admitted(STRANGER)).toBe(CONNECTIONS_PER_ADDRESS.perSecond);
  });

  it('makes an address pay for a refused peer, which is known only after the encryption', () => {
    const { standing, admission, peer, admitted } = setUp();
    expect(admission.denyInboundEncryptedConnection?.(peer, STRANGER)).toBe(false);
    standing.refuse(peer.toString(), 60_000);
    for (const deny of [admission.denyDialPeer?.(peer), admission.denyOutboundEncryptedConnection?.(peer, STRANGER)])
      expect(deny).toBe(true);
    expect(admission.denyInboundEncryptedConnection?.(peer, STRANGER)).toBe(true);
    expect(admission.denyInboundEncryptedConnection?.(peer, STRANGER)).toBe(true);
    expect(admitted(STRANGER)).toBe(CONNECTIONS_PER_ADDRESS.burst - 2 * REFUSED_CONNECTION_TOKENS);
  });

  it('lowers the standing of a peer that comes and goes, until it is refused', () => {
    const { standing, admission, peer } = setUp();
    for (let i = 0; i < CONNECTIONS_PER_PEER.burst; i++) admission.denyInboundEncryptedConnection?.(peer, OWN);
    expect(standing.points(peer.toString())).toBe(0);
    admission.denyInboundEncryptedConnection?.(peer, OWN);
    expect(standing.points(peer.toString())).toBe(PENALTY_CONNECTION_CHURN);
    for (let i = 0; i < 100; i++) admission.denyInboundEncryptedConnection?.(peer, OWN);
    expect(admission.denyInboundEncryptedConnection?.(peer, OWN)).toBe(true);
  });
});
