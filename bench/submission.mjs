// Submission of signed transfers over JSON-RPC, singly and in batches of 100: our node (one authority, a block a second), Hardhat's EDR node
// and anvil (both of test/tools, an interval of a second), in one run with the same transactions. Ours pools them, gossips them and puts
// them in final blocks meanwhile; the others mine.
// `npm run build && node bench/submission.mjs [--transfers 3000]`
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '../scripts/flags.mjs';
import { row } from './timing.mjs';
import { senders } from './transfers/network.mjs';
import { createNetwork, freePort, removeNetwork, startNode, startServer } from './transfers/nodes.mjs';
import { inParallel, signTransfers } from './transfers/sign.mjs';

const values = readFlags(import.meta.url, { transfers: { type: 'string', default: '3000' } });
const ACCOUNTS = 300;
const NONCES = Math.ceil(Number(values.transfers) / ACCOUNTS);
const IN_FLIGHT = 16;
const BATCH = 100;
const BATCHES_IN_FLIGHT = 4;
const tool = (path) => new URL(`../test/tools/node_modules/${path}`, import.meta.url).pathname;
const signers = senders(ACCOUNTS);

async function measure({ client }, chainId) {
  const rate = (count, start) => Math.round((1000 * count) / (performance.now() - start));
  const singles = signTransfers({ signers, chainId, count: NONCES });
  let start = performance.now();
  await inParallel(singles, IN_FLIGHT, ({ hex }) => client.call('eth_sendRawTransaction', hex));
  const singly = rate(singles.length, start);
  // Let what was sent go into blocks, so that both halves begin alike.
  const last = { address: `0x${Buffer.from(signers.at(-1).address).toString('hex')}`, nonce: NONCES };
  while (Number(await client.call('eth_getTransactionCount', last.address, 'latest')) < last.nonce) {
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const more = signTransfers({ signers, chainId, first: NONCES, count: NONCES });
  const batches = Array.from({ length: Math.ceil(more.length / BATCH) }, (_, i) => more.slice(i * BATCH, (i + 1) * BATCH));
  start = performance.now();
  await inParallel(batches, BATCHES_IN_FLIGHT, (batch) =>
    client.batch(
      'eth_sendRawTransaction',
      batch.map(({ hex }) => [hex]),
    ),
  );
  return { singly, batched: rate(more.length, start) };
}

async function ours() {
  const network = await createNetwork({ authorities: 1, accounts: ACCOUNTS });
  try {
    const node = await startNode(network.nodes[0]);
    try {
      return await measure(node, network.chainId);
    } finally {
      await node.stop();
    }
  } finally {
    removeNetwork(network);
  }
}

async function other(start, setBalance) {
  const port = await freePort();
  const node = await start(port);
  try {
    for (const { address } of signers)
      await node.client.call(setBalance, `0x${Buffer.from(address).toString('hex')}`, '0x3635c9adc5dea00000');
    return await measure(node, Number(await node.client.call('eth_chainId')));
  } finally {
    await node.stop();
  }
}

async function hardhat() {
  const directory = mkdtempSync(join(tmpdir(), 'pol-hardhat-'));
  writeFileSync(join(directory, 'package.json'), '{"name":"bench","private":true}');
  const mining = '{ auto: false, interval: 1000, mempool: { order: "fifo" } }';
  writeFileSync(
    join(directory, 'hardhat.config.cjs'),
    `module.exports = { solidity: "0.8.24", networks: { hardhat: { mining: ${mining} } } };`,
  );
  try {
    return await other((port) => {
      const args = [tool('hardhat/internal/cli/bootstrap.js'), '--config', 'hardhat.config.cjs', 'node', '--port', `${port}`];
      const environment = { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true', NODE_PATH: tool('') };
      return startServer(process.execPath, args, `http://127.0.0.1:${port}`, { cwd: directory, env: environment });
    }, 'hardhat_setBalance');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const anvil = () =>
  other(
    (port) =>
      startServer(tool('@foundry-rs/anvil-linux-amd64/bin/anvil'), ['--port', `${port}`, '--block-time', '1'], `http://127.0.0.1:${port}`),
    'anvil_setBalance',
  );

const peers = [
  ['Hardhat (EDR)', 'hardhat/package.json', hardhat],
  ['anvil', '@foundry-rs/anvil-linux-amd64/package.json', anvil],
];
const results = [['pol-node', await ours()]];
for (const [name, needed, run] of peers) {
  if (existsSync(tool(needed))) results.push([name, await run()]);
  else console.log(`${name} is not installed (test/tools)`);
}
console.log(`\nSubmission of ${NONCES * ACCOUNTS} transfers each way, transactions a second:\n`);
row([16, 10, 14], '', 'singly', `batches of ${BATCH}`);
for (const [name, { singly, batched }] of results) row([16, 10, 14], name, singly, batched);
