import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPublicClient, createWalletClient, defineChain, type Hex, http, parseEther } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecutionClient } from '../tools/execution-client.ts';
import { hasTool } from '../tools/tools.ts';
import { configure, giveExecutionClients } from './external-clients.ts';
import { createTestNetwork, type TestNetwork, type TestNode, until } from './network.ts';

/** A well-known development key: funded by the test's genesis, worth nothing. */
const FUNDED = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
const RECIPIENT: Hex = '0x000000000000000000000000000000000000dEaD';

interface Block {
  readonly hash: Hex;
  readonly miner: Hex;
  readonly withdrawals: readonly { readonly address: Hex; readonly amount: Hex }[];
}

describe.skipIf(!hasTool('@ethereumjs/client'))('a network of which one authority runs on an external execution client', () => {
  let network: TestNetwork;
  let client: ExecutionClient | undefined;
  let external: TestNode;
  let embedded: TestNode;
  const heightOf = async (node: TestNode) => Number(await node.rpc<Hex>('eth_blockNumber'));

  beforeAll(async () => {
    network = await createTestNetwork({ authorities: 3, nodes: 1, flags: ['--fund', `${FUNDED.address}=100`, '--no-training-view'] });
    external = network.node('authority_0');
    embedded = network.node('authority_1');
    [client] = await giveExecutionClients(network, [external]);
  }, 240_000);
  afterAll(async () => {
    await network?.dispose();
    await client?.kill();
  });

  it('names the cure when the secret is another', async () => {
    const wrong = join(network.directory, 'wrong.hex');
    await writeFile(wrong, randomBytes(32).toString('hex'));
    await configure(network, external, { jwt_secret: wrong });
    await expect(external.start()).rejects.toThrow('give both the same --jwt-secret file');
    await configure(network, external, { jwt_secret: client?.jwtSecretFile });
  }, 120_000);

  it('makes blocks that all nodes hold alike, those of the external client among them', async () => {
    await Promise.all(network.nodes.map((node) => node.start()));
    const { address } = await external.get<{ address: Hex }>('/api/v1/status');
    await until('a block that the external client built', async () => {
      const height = await heightOf(embedded);
      for (let number = 1; number <= height; number++) {
        const { miner } = await embedded.rpc<Block>('eth_getBlockByNumber', `0x${number.toString(16)}`, false);
        if (miner.toLowerCase() === address.toLowerCase()) return true;
      }
      return false;
    });
    const height = Math.min(await heightOf(embedded), await heightOf(external));
    for (let number = 0; number <= height; number++) {
      const blocks = await Promise.all(
        [external, embedded].map((node) => node.rpc<Block>('eth_getBlockByNumber', `0x${number.toString(16)}`, false)),
      );
      expect(new Set(blocks.map(({ hash }) => hash)).size).toBe(1);
    }
  }, 240_000);

  it('takes a transfer over its JSON-RPC, and gives receipt, balance and nonce', async () => {
    const chain = defineChain({
      id: Number(network.genesis.chain_id),
      name: 'pol',
      nativeCurrency: { name: 'POL', symbol: 'POL', decimals: 18 },
      rpcUrls: { default: { http: [external.url] } },
    });
    const wallet = createWalletClient({ account: FUNDED, chain, transport: http() });
    const reader = createPublicClient({ chain, transport: http(), pollingInterval: 200 });
    const hash = await wallet.sendTransaction({ to: RECIPIENT, value: parseEther('1.5') });
    const receipt = await reader.waitForTransactionReceipt({ hash, timeout: 120_000 });
    expect(receipt.status).toBe('success');
    expect(await reader.getBalance({ address: RECIPIENT })).toBe(parseEther('1.5'));
    expect(await reader.getTransactionCount({ address: FUNDED.address })).toBe(1);
    await until('the other nodes to hold it', async () => (await embedded.rpc('eth_getTransactionReceipt', hash)) !== null);
    expect(await embedded.rpc('eth_getTransactionReceipt', hash)).toEqual(await external.rpc('eth_getTransactionReceipt', hash));
  }, 240_000);

  it('pays rewards as withdrawals into the external client’s state', async () => {
    let paid: { readonly number: Hex; readonly address: Hex } | undefined;
    let looked = 0;
    await until('a block with withdrawals', async () => {
      for (const height = await heightOf(external); looked <= height && paid === undefined; looked++) {
        const number: Hex = `0x${looked.toString(16)}`;
        const { withdrawals } = await external.rpc<Block>('eth_getBlockByNumber', number, false);
        const [first] = withdrawals;
        if (first !== undefined) paid = { number, address: first.address };
      }
      return paid !== undefined;
    });
    const [theirs, ours] = await Promise.all(
      [external, embedded].map((node) => node.rpc<Hex>('eth_getBalance', paid?.address, paid?.number)),
    );
    expect(BigInt(theirs ?? 0)).toBeGreaterThan(0n);
    expect(theirs).toBe(ours);
  }, 300_000);

  it('goes on after a restart of the node', async () => {
    await external.stop();
    const before = await heightOf(embedded);
    await external.start();
    await until('the node to pass the height where it stopped', async () => (await heightOf(external)) > before + 2);
  }, 240_000);
});
