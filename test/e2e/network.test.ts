import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { createPublicClient, createWalletClient, defineChain, type Hex, http, parseEther } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecutionClient } from '../tools/execution-client.ts';
import { hasTool } from '../tools/tools.ts';
import { blockHashIn, giveExecutionClients } from './external-clients.ts';
import { createTestNetwork, type TestNetwork, type TestNode, until } from './network.ts';

interface Info {
  readonly blockchain_height: number;
  readonly settled_round: number;
  readonly proofs_accepted: number;
  readonly held_out_loss: number | null;
  readonly trainers: readonly { readonly address: Hex; readonly earned: string; readonly accepted: number }[];
}

interface Round {
  readonly proofs: readonly { readonly trainer: Hex; readonly outcome: string; readonly reward: string }[];
}

/** A well-known development key: funded by the test's genesis, worth nothing. */
const FUNDED = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
const RECIPIENT: Hex = '0x000000000000000000000000000000000000dEaD';

describe('a network of three authorities and three trainers', () => devnet('embedded'));
describe.skipIf(!hasTool('@ethereumjs/client'))('the same network, each node on an execution client of its own', () => devnet('external'));

function devnet(execution: 'embedded' | 'external'): void {
  let network: TestNetwork;
  let first: TestNode;
  let clients: readonly ExecutionClient[] = [];
  const info = () => first.get<Info>('/api/v1/network/info');

  beforeAll(async () => {
    const fund = ['--fund', `${FUNDED.address}=100`];
    const flags = execution === 'embedded' ? fund : [...fund, '--no-training-view'];
    network = await createTestNetwork({ authorities: 3, nodes: 3, flags });
    if (execution === 'external') clients = await giveExecutionClients(network, network.nodes);
    first = network.node('authority_0');
    await Promise.all(network.nodes.map((node) => node.start()));
  }, 240_000);
  afterAll(async () => {
    await network?.dispose();
    await Promise.all(clients.map((client) => client.kill()));
  });

  it('accepts proofs of every trainer over three rounds or more', async () => {
    await until('accepted proofs of three trainers in three rounds', async () => {
      const { trainers, settled_round } = await info();
      return settled_round >= 4 && trainers.length === 3 && trainers.every(({ accepted }) => accepted >= 3);
    });
  }, 300_000);

  it('pays each trainer exactly what its accepted proofs earned, to the wei', async () => {
    const { settled_round, blockchain_height } = await info();
    const earned = new Map<string, bigint>();
    for (let round = 0; round <= settled_round; round++) {
      const { proofs } = await first.get<Round>(`/api/v1/rounds/${round}`);
      for (const { trainer, outcome, reward } of proofs) {
        expect(outcome === 'accepted' || reward === '0').toBe(true);
        earned.set(trainer, (earned.get(trainer) ?? 0n) + BigInt(reward));
      }
    }
    expect(earned.size).toBe(3);
    for (const [trainer, reward] of earned) {
      expect(reward > 0n).toBe(true);
      const balance = await first.rpc<Hex>('eth_getBalance', trainer, `0x${blockchain_height.toString(16)}`);
      expect(BigInt(balance)).toBe(reward);
    }
  });

  it('has one chain, one state and one model on all six nodes', async () => {
    const { blockchain_height: height } = await info();
    await until('all nodes to reach the height', async () => {
      const heights = await Promise.all(network.nodes.map(async (node) => (await node.get<{ height: number }>('/api/v1/status')).height));
      return heights.every((reached) => reached >= height);
    });
    for (let number = 1; number <= height; number++) {
      const views = await Promise.all(
        network.nodes.map(async (node) => {
          const block = await node.get<{ hash: Hex; state_root: Hex; consensus: { hash: Hex; model_root: Hex } }>(
            `/api/v1/block/${number}`,
          );
          return JSON.stringify([block.hash, block.state_root, block.consensus.hash, block.consensus.model_root]);
        }),
      );
      expect(new Set(views).size).toBe(1);
    }
    const { hash } = await first.get<{ hash: Hex }>(`/api/v1/block/${height}`);
    expect(await Promise.all(clients.map((client) => blockHashIn(client, height)))).toEqual(clients.map(() => hash));
  });

  it('sends a transfer with viem and sees its receipt', async () => {
    const chain = defineChain({
      id: Number(network.genesis.chain_id),
      name: 'pol',
      nativeCurrency: { name: 'POL', symbol: 'POL', decimals: 18 },
      rpcUrls: { default: { http: [first.url] } },
    });
    const wallet = createWalletClient({ account: FUNDED, chain, transport: http() });
    const client = createPublicClient({ chain, transport: http(), pollingInterval: 200 });
    const hash = await wallet.sendTransaction({ to: RECIPIENT, value: parseEther('1.5') });
    const receipt = await client.waitForTransactionReceipt({ hash });
    expect(receipt.status).toBe('success');
    expect(await client.getBalance({ address: RECIPIENT })).toBe(parseEther('1.5'));
    expect(await client.getTransactionCount({ address: FUNDED.address })).toBe(1);
  });

  it('answers both JSON-RPC examples of the original document to the letter', async () => {
    // The trainer's own account pays; it has earned coins by now.
    const trainer = network.node('node_3');
    const { address } = await trainer.get<{ address: Hex }>('/api/v1/status');
    expect(BigInt(await trainer.rpc<Hex>('eth_getBalance', address))).toBeGreaterThan(0n);
    const hash = await trainer.rpc<Hex>('eth_sendTransaction', {
      to: '0x5678567856785678567856785678567856785678',
      value: '0x9184e72a000',
    });
    await until('the receipt', async () => (await trainer.rpc('eth_getTransactionReceipt', hash)) !== null);
    expect(BigInt(await trainer.rpc<Hex>('eth_getBalance', '0x5678567856785678567856785678567856785678'))).toBe(0x9184e72a000n);
  });

  it('streams a chat to the openai client', async () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: `${first.url}/v1` });
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['pol-gpt']);
    const stream = await client.chat.completions.create({
      model: 'pol-gpt',
      messages: [{ role: 'user', content: 'Call me' }],
      max_tokens: 8,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    expect(text.length).toBeGreaterThan(0);
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThanOrEqual(8);
  });

  it('runs the Python example', async ({ skip }) => {
    const run = promisify(execFile);
    const ready = await run('python3', ['-c', 'import requests']).then(
      () => true,
      () => false,
    );
    if (!ready) skip('python3 with the requests package is not installed');
    const example = fileURLToPath(new URL('../../examples/chat.py', import.meta.url));
    const { stdout } = await run('python3', [example], { env: { ...process.env, POL_URL: first.url } });
    expect(stdout).toMatch(/Current Epoch: \d+/);
  });

  it('resumes height, coins and model after an orderly stop', async () => {
    const before = await info();
    expect(await Promise.all(network.nodes.map((node) => node.stop()))).toEqual(network.nodes.map(() => 0));
    await Promise.all(network.nodes.map((node) => node.start()));
    const after = await info();
    expect(after.blockchain_height).toBeGreaterThanOrEqual(before.blockchain_height);
    for (const { address, earned } of before.trainers) {
      const now = after.trainers.find((trainer) => trainer.address === address);
      expect(BigInt(now?.earned ?? '0')).toBeGreaterThanOrEqual(BigInt(earned));
    }
    await until('proofs accepted after the restart', async () => (await info()).proofs_accepted >= before.proofs_accepted + 3);
  }, 300_000);
}
