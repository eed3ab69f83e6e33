import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ATTACKS, type Attacker, createAttacker } from '../../src/network/testing/attacker.ts';
import { genesisHash, parseGenesis } from '../../src/params/genesis.ts';
import { floodApi, floodWebSocket } from './api-flood.ts';
import { createTestNetwork, type TestNetwork, type TestNode, until } from './network.ts';

/** Messages of each kind from one peer. In full: POL_FLOOD=100000 npx vitest run test/e2e/flood.test.ts */
const COUNT = Number(process.env.POL_FLOOD ?? 2_000);
/** Of the attacks, those to run; left out: all. A full run of all takes longer than a test should. */
const CHOSEN = process.env.POL_FLOOD_ATTACKS?.split(',');
/** Connections cost the attacker as much as the node. */
const CONNECTIONS = Number(process.env.POL_FLOOD_CONNECTIONS ?? Math.min(COUNT, 500));
/** Of the resident memory before. A node's own work moves it by some tens of MiB. */
const MEMORY_GROWTH = 1.2;

describe('one authority of four under floods', () => {
  let network: TestNetwork;
  let target: TestNode;
  const attackers: Attacker[] = [];
  const height = async () => (await target.get<{ height: number }>('/api/v1/status')).height;

  beforeAll(async () => {
    network = await createTestNetwork({ authorities: 4, nodes: 0 });
    target = network.node('authority_0');
    await Promise.all(network.nodes.map((node) => node.start()));
    // Past the first rounds its memory has the size it keeps.
    await until('some blocks', async () => (await height()) >= 20);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(attackers.map((attacker) => attacker.stop()));
    await network?.dispose();
  });

  async function residentMiB(): Promise<number> {
    const status = await readFile(`/proc/${target.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  it.runIf(process.platform === 'linux')(
    'goes on finalising, and keeps its memory',
    async () => {
      const genesis = parseGenesis(network.genesis);
      const before = await residentMiB();
      const figures: Record<string, string> = {};
      const isChosen = (name: string) => CHOSEN === undefined || CHOSEN.includes(name);
      const measured = async (name: string, flood: () => Promise<unknown>) => {
        if (!isChosen(name)) return;
        const started = await height();
        const from = performance.now();
        await flood();
        const seconds = (performance.now() - from) / 1000;
        await until('a block after the flood', async () => (await height()) > started);
        figures[name] = `${seconds.toFixed(1)} s, ${(await height()) - started} blocks, ${(await residentMiB()).toFixed(0)} MiB`;
      };
      const peerIds = async () => (await target.get<{ peers: readonly { id: string }[] }>('/api/v1/peers')).peers.map(({ id }) => id);
      for (const attack of ATTACKS) {
        await measured(attack, async () => {
          const attacker = await createAttacker({
            target: `/ip4/127.0.0.1/tcp/${target.config.port}/ws`,
            genesisHash: genesisHash(genesis),
          });
          attackers.push(attacker);
          await attacker.run(attack, attack === 'churn' || attack === 'sockets' ? CONNECTIONS : COUNT);
          // Silent sockets are no peer. Well-formed questions cost only who asks more than is allowed, for longer.
          if (attack === 'sockets' || (attack === 'unknown' && COUNT < 10_000)) return;
          await until(`the peer of "${attack}" to be cut off`, async () => !(await peerIds()).includes(attacker.peerId));
        });
      }
      await measured('json-rpc', async () => expect(await floodApi(target.url, COUNT)).toBeGreaterThan(0.9 * COUNT));
      await measured('websocket', () => floodWebSocket(target.url, COUNT));
      if (process.env.POL_FLOOD !== undefined) console.log({ before: `${before.toFixed(0)} MiB`, ...figures });
      // Once what is dead was collected.
      await until('the memory of before', async () => (await residentMiB()) < before * MEMORY_GROWTH);
      const { peers } = await target.get<{ peers: readonly { node_id: string }[] }>('/api/v1/peers');
      expect(peers.length).toBeGreaterThanOrEqual(3);
    },
    1_800_000,
  );
});
