import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExecutionClient, startExecutionClient } from '../tools/execution-client.ts';
import type { TestNetwork, TestNode } from './network.ts';

/** Changes a node's configuration, which it reads when it starts. */
export async function configure(network: TestNetwork, { name }: TestNode, changes: object): Promise<void> {
  const file = join(network.directory, `${name}_config.json`);
  const config = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...config, ...changes }));
}

/** Starts an execution client for each of these nodes, and tells the node of it. The network is one made with --no-training-view. */
export function giveExecutionClients(network: TestNetwork, nodes: readonly TestNode[]): Promise<readonly ExecutionClient[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const directory = join(network.directory, `${node.name}_execution`);
      await mkdir(directory);
      const client = await startExecutionClient(directory, join(network.directory, 'execution_genesis.json'));
      await configure(network, node, {
        execution_engine: client.engineUrl,
        execution_rpc: client.rpcUrl,
        jwt_secret: client.jwtSecretFile,
      });
      return client;
    }),
  );
}

/** Hash of a block as the client itself tells it. */
export async function blockHashIn({ rpcUrl }: ExecutionClient, number: number): Promise<string | undefined> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getBlockByNumber', params: [`0x${number.toString(16)}`, false] });
  const response = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { result } = (await response.json()) as { result?: { hash: string } | null };
  return result?.hash;
}
