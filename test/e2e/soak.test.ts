import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/simulator/random.ts';
import { createTestNetwork, type TestHost, type TestNetwork, type TestNode, until } from './network.ts';

/**
 * Seven real processes under kills, freezes, restarts and partitions. `npm run soak -- --minutes 60 --seed 1` runs it in network
 * namespaces (scripts/soak.mjs); without POL_SOAK_MINUTES it is skipped, since it lasts as long as one wants.
 */
const MINUTES = Number(process.env.POL_SOAK_MINUTES ?? 0);
const SEED = process.env.POL_SOAK_SEED ?? '1';
const NAMESPACES = process.env.POL_SOAK_NAMESPACES;
const AUTHORITIES = 4;
const TRAINERS = 3;
/** A well-known development key: funded by the test's genesis, worth nothing. */
const PAYER = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');

const run = promisify(execFile);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const hostOf = (i: number): TestHost => ({ address: `10.77.0.${10 + i}`, enter: ['ip', 'netns', 'exec', `${NAMESPACES}-${i}`] });
/** Moves nodes to the bridge apart from the others, or back. */
const connect = (members: readonly number[], bridge: 'main' | 'apart') =>
  Promise.all(members.map((i) => run('ip', ['link', 'set', `port${i}`, 'master', bridge])));

interface Block {
  readonly hash: Hex;
  readonly state_root: Hex;
  readonly proposer: Hex;
  readonly gas_used: string;
  readonly base_fee_per_gas: string;
  readonly transactions: readonly { readonly from: Hex; readonly to: Hex | null }[];
  readonly rewards: readonly { readonly address: Hex }[];
  readonly consensus: { readonly hash: Hex; readonly model_root: Hex; readonly protocol_root: Hex };
}
interface Round {
  readonly proofs: readonly { readonly outcome: string }[];
  readonly slashes: readonly { readonly address: Hex }[];
}
interface Info {
  readonly blockchain_height: number;
  readonly settled_round: number;
  readonly proofs_accepted: number;
}

describe.skipIf(MINUTES === 0)(`${MINUTES} minutes of kills, freezes, restarts and partitions, seed ${SEED}`, () => {
  let network: TestNetwork;
  const busy = new Set<number>();
  const done: Record<string, number> = {};
  let stopping = false;

  beforeAll(async () => {
    network = await createTestNetwork({
      authorities: AUTHORITIES,
      nodes: TRAINERS,
      flags: ['--fund', `${PAYER.address}=1000`],
      ...(NAMESPACES === undefined ? {} : { hosts: Array.from({ length: AUTHORITIES + TRAINERS }, (_, i) => hostOf(i)) }),
    });
    await Promise.all(network.nodes.map((node) => node.start()));
  }, 120_000);
  afterAll(() => network?.dispose());

  const disturbances: Record<string, (members: readonly number[], random: Random) => Promise<void>> = {
    async kill([victim], random) {
      const node = network.nodes[victim as number] as TestNode;
      await node.kill();
      await pause(random.between(200, 5000));
      await node.start();
    },
    async freeze([victim], random) {
      const node = network.nodes[victim as number] as TestNode;
      node.signal('SIGSTOP');
      await pause(random.between(500, 8000));
      node.signal('SIGCONT');
    },
    async restart([victim]) {
      const node = network.nodes[victim as number] as TestNode;
      expect(await node.stop()).toBe(0);
      await node.start();
    },
    async partition(members, random) {
      if (NAMESPACES === undefined) return;
      await connect(members, 'apart');
      await pause(random.between(1000, 12_000));
      await connect(members, 'main');
    },
  };

  /**
   * One trouble after another. Two such lines overlap; the second one spares authorities mostly, so that two of four are away only
   * now and then: blocks stop then, and have to go on afterwards.
   */
  async function trouble(random: Random, spared: number): Promise<void> {
    while (!stopping) {
      const name = random.pick(Object.keys(disturbances));
      const from = random.chance(spared) ? AUTHORITIES : 0;
      const free = random.shuffle(network.nodes.map((_, i) => i).filter((i) => i >= from && !busy.has(i)));
      const members = free.slice(0, name === 'partition' ? 1 + random.integer(2) : 1);
      for (const i of members) busy.add(i);
      await disturbances[name]?.(members, random);
      for (const i of members) busy.delete(i);
      done[name] = (done[name] ?? 0) + 1;
      await pause(random.between(500, 4000));
    }
  }

  /** Transfers through whichever node answers; those that a kill swallows are sent again with the same nonce. */
  async function transfers(random: Random): Promise<void> {
    while (!stopping) {
      const node = random.pick(network.nodes);
      const signed = async () => {
        const nonce = Number(await node.rpc<Hex>('eth_getTransactionCount', PAYER.address, 'pending'));
        const to = `0x${(1 + random.integer(20)).toString(16).padStart(40, '1')}` as Hex;
        const raw = await PAYER.signTransaction({
          chainId: Number(network.genesis.chain_id),
          type: 'eip1559',
          nonce,
          to,
          value: BigInt(1 + random.integer(1_000_000)),
          gas: 21_000n,
          maxFeePerGas: 10_000_000_000n,
          maxPriorityFeePerGas: 1_000_000_000n,
        });
        await node.rpc('eth_sendRawTransaction', raw);
      };
      // A node that is down, frozen or behind refuses: that is what this run is about.
      const sent = await Promise.race([
        signed()
          .then(() => true)
          .catch(() => false),
        pause(2000).then(() => false),
      ]);
      if (sent) done.transfers = (done.transfers ?? 0) + 1;
      await pause(random.between(300, 1500));
    }
  }

  const info = (node: TestNode) => node.get<Info>('/api/v1/network/info');

  it(
    'goes on after each of them',
    async () => {
      const random = createRandom(`soak ${SEED}`);
      const began = Date.now();
      const lines = [trouble(random.fork('a'), 0.2), trouble(random.fork('b'), 0.85), transfers(random.fork('transfers'))];
      const reports = (async () => {
        for (let minute = 1; !stopping; minute++) {
          await pause(Math.min(60_000, Math.max(0, began + MINUTES * 60_000 - Date.now())));
          const views = await Promise.all(network.nodes.map((node) => Promise.race([info(node).catch(() => undefined), pause(2000)])));
          const heights = views.map((view) => (view ? view.blockchain_height : '–'));
          const best = views.find((view) => view);
          console.log(
            `minute ${minute}: heights ${heights.join(' ')}; round ${best?.settled_round}; accepted ${best?.proofs_accepted}; ${JSON.stringify(done)}`,
          );
          stopping ||= Date.now() >= began + MINUTES * 60_000;
        }
      })();
      await Promise.all([...lines, reports]);
    },
    MINUTES * 60_000 + 300_000,
  );

  it('ends with one chain and one model, nobody slashed, and every wei accounted for', async () => {
    const [first] = network.nodes as [TestNode];
    const tip = Math.max(...(await Promise.all(network.nodes.map(info))).map(({ blockchain_height }) => blockchain_height));
    const height = tip + 4;
    await until('all nodes to be together again', async () => {
      const views = await Promise.all(network.nodes.map(info));
      return views.every(({ blockchain_height }) => blockchain_height >= height);
    });

    let baseFees = 0n;
    const accounts = new Set<string>(Object.keys(network.genesis.alloc as object));
    for (let number = 1; number <= height; number++) {
      const views = await Promise.all(network.nodes.map((node) => node.get<Block>(`/api/v1/block/${number}`)));
      const identities = views.map(({ hash, state_root, consensus }) =>
        JSON.stringify([hash, state_root, consensus.hash, consensus.model_root, consensus.protocol_root]),
      );
      expect(new Set(identities).size, `one block at height ${number}`).toBe(1);
      const [block] = views as [Block];
      baseFees += BigInt(block.gas_used) * BigInt(block.base_fee_per_gas);
      accounts.add(block.proposer.toLowerCase());
      for (const { address } of block.rewards) accounts.add(address.toLowerCase());
      for (const { from, to } of block.transactions) for (const each of [from, to]) if (each) accounts.add(each.toLowerCase());
    }

    const outcomes: Record<string, number> = {};
    const { settled_round } = await info(first);
    for (let round = 0; round <= settled_round; round++) {
      const { proofs, slashes } = await first.get<Round>(`/api/v1/rounds/${round}`);
      for (const { outcome } of proofs) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      expect(slashes, `slashes of round ${round}`).toEqual([]);
    }
    expect(outcomes.rejected ?? 0).toBe(0);
    expect(outcomes.accepted ?? 0).toBeGreaterThan(0);

    // Nothing is sent any more, so blocks to come add rewards only, and those the supply counts.
    const supply = await first.get<Record<string, string>>('/api/v1/supply');
    const wei = (field: string) => BigInt(supply[field] as string);
    const at = `0x${Number(supply.height).toString(16)}`;
    for (let number = height + 1; number <= Number(supply.height); number++) {
      const { rewards, proposer } = await first.get<Block>(`/api/v1/block/${number}`);
      for (const address of [proposer, ...rewards.map((reward) => reward.address)]) accounts.add(address.toLowerCase());
    }
    accounts.delete(supply.stake_address as string);
    let balances = 0n;
    for (const address of accounts) balances += BigInt(await first.rpc<Hex>('eth_getBalance', address, at));
    expect(balances).toBe(wei('allocated') + wei('staked_at_genesis') + wei('minted') - wei('burned') - wei('held') - baseFees);
    console.log(
      `height ${height}, ${settled_round + 1} rounds, proofs ${JSON.stringify(outcomes)}, ${JSON.stringify(done)}, minted ${supply.minted_pol} POL`,
    );
  }, 900_000);
});
