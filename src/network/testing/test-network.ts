import { afterEach } from 'vitest';
import { utf8 } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { sha256 } from '../../primitives/hash.ts';
import { silentLogger } from '../../primitives/log.ts';
import { createNetwork, type NetworkOptions, type NodeNetwork } from '../create-network.ts';
import { generatePeerKey } from '../peer-key.ts';

/** Real nodes on loopback for tests, stopped when their test ends. */
export const GENESIS_HASH = sha256(utf8('a network for tests'));

const running: NodeNetwork[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((network) => network.stop()));
});

export function makeNetwork(overrides: Partial<NetworkOptions> = {}, log = silentLogger, clock?: Clock): NodeNetwork {
  const network = createNetwork(
    {
      host: '127.0.0.1',
      port: 0,
      bootNodes: [],
      genesisHash: GENESIS_HASH,
      nodeId: 'node',
      peerKey: generatePeerKey(),
      height: () => 0,
      ...overrides,
    },
    clock === undefined ? { log } : { log, clock },
  );
  running.push(network);
  return network;
}

export async function startNetwork(overrides: Partial<NetworkOptions> = {}, log = silentLogger): Promise<NodeNetwork> {
  const network = makeNetwork(overrides, log);
  await network.start();
  return network;
}

/** "127.0.0.1:port" as an operator writes it. */
export function hostPort(network: NodeNetwork): string {
  const [, host, port] = /\/ip4\/([\d.]+)\/tcp\/(\d+)/.exec(network.addresses()[0] ?? '') ?? [];
  return `${host}:${port}`;
}

/** Resolves once the condition holds; the test's own timeout is the limit. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

export function allJoined(...networks: readonly NodeNetwork[]): Promise<void> {
  return eventually(() => networks.every((network) => network.peers().length === networks.length - 1));
}

/** Gossip reaches a peer only after both told each other their topics. */
export async function gossipReady(networks: readonly NodeNetwork[], probe: (network: NodeNetwork, attempt: number) => Promise<number>) {
  for (const network of networks) {
    let attempt = 0;
    await eventually(async () => (await probe(network, attempt++)) >= networks.length - 1);
  }
}

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** Time that passes only when told to, from now on: libp2p stamps its connections with the system's. */
export function createManualClock(): ManualClock {
  const timers = new Set<{ at: number; callback: () => void }>();
  let now = Date.now();
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at <= now && timers.delete(timer)) timer.callback();
      }
    },
  };
}
