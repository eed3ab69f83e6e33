import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestNetwork, type TestNetwork, until } from './network.ts';

interface Info {
  readonly blockchain_height: number;
  readonly settled_round: number;
}

interface BlockInfo {
  readonly hash: string;
  readonly state_root: string;
  readonly consensus: { readonly hash: string; readonly model_root: string };
}

/** Times after its API answers at which the newcomer is killed, ms: before, while and after it takes over a snapshot. */
const KILLS_MS = [0, 700, 900, 1_000, 1_100, 1_200, 1_400];

describe('a node that joins a network long after its start', () => {
  let network: TestNetwork;

  beforeAll(async () => {
    network = await createTestNetwork({ authorities: 3, nodes: 2 });
    await Promise.all(network.nodes.slice(0, 4).map((node) => node.start()));
  }, 120_000);
  afterAll(() => network?.dispose());

  it('arrives by a snapshot though it is killed again and again, and trains', async () => {
    const first = network.node('authority_0');
    const late = network.node('node_4');
    await until('a chain of some rounds', async () => {
      const { blockchain_height, settled_round } = await first.get<Info>('/api/v1/network/info');
      return blockchain_height >= 48 && settled_round >= 1;
    });
    const file = join(network.directory, 'node_4_config.json');
    await writeFile(file, JSON.stringify({ ...late.config, snapshot_after_blocks: 16 }));
    for (const ms of KILLS_MS) {
      await late.start();
      await new Promise((resolve) => setTimeout(resolve, ms));
      await late.kill();
    }
    await late.start();
    await until('the newcomer to arrive', async () => {
      const [mine, theirs] = await Promise.all([late, first].map((node) => node.get<Info>('/api/v1/network/info')));
      return mine !== undefined && theirs !== undefined && mine.blockchain_height >= theirs.blockchain_height - 1;
    });
    const log = await readFile(late.log, 'utf8');
    expect(log).toContain('took over the state of a final block');
    await until('the newcomer to have the model', async () => (await readFile(late.log, 'utf8')).includes('took the settled model over'));

    const { blockchain_height: height } = await late.get<Info>('/api/v1/network/info');
    const [mine, theirs] = await Promise.all([late, first].map((node) => node.get<BlockInfo>(`/api/v1/block/${height}`)));
    expect(mine).toEqual(theirs);
    // What it never had it says so about, in both APIs.
    const answer = await fetch(`${late.url}/api/v1/block/1`);
    expect([answer.status, await answer.json()]).toMatchObject([410, { error: { code: expect.stringMatching(/_HISTORY_ABSENT$/) } }]);
    await expect(late.rpc('eth_getBlockByNumber', '0x1', false)).rejects.toThrow('older than this node');

    const { address } = await late.get<{ address: string }>('/api/v1/status');
    await until('a proof of the newcomer to be accepted', async () => {
      const { trainers } = await first.get<{ trainers: readonly { address: string; accepted: number }[] }>('/api/v1/network/info');
      return trainers.some((trainer) => trainer.address === address && trainer.accepted > 0);
    });
  }, 480_000);
});
