// Sustained final transactions a second: authorities as processes of this machine, without training; transfers are signed before, and
// submitted over JSON-RPC in batches, each sender's to one node, so many that some always wait.
// `npm run build && node bench/finality.mjs [--authorities 4] [--seconds 40]`

import { readFlags } from '../scripts/flags.mjs';
import { senders } from './transfers/network.mjs';
import { createNetwork, removeNetwork, startNode } from './transfers/nodes.mjs';
import { signTransfers } from './transfers/sign.mjs';

const values = readFlags(import.meta.url, { authorities: { type: 'string', default: '4' }, seconds: { type: 'string', default: '40' } });
const [authorities, seconds] = [Number(values.authorities), Number(values.seconds)];
const ACCOUNTS = 400;
const BATCH = 100;
/** Submitted and not final yet: two full blocks and more. */
const OUTSTANDING = 3_000;
const WARM_UP_BLOCKS = 5;
const MOST_PER_SECOND = 1_200;

const signers = senders(ACCOUNTS);
const network = await createNetwork({ authorities, accounts: ACCOUNTS });
const raws = signTransfers({ signers, chainId: network.chainId, count: Math.ceil((MOST_PER_SECOND * seconds) / ACCOUNTS) });
console.log(`${raws.length} transfers are signed; ${authorities} authorities start`);
const nodes = [];
try {
  nodes.push(...(await Promise.all(network.nodes.map(startNode))));
  const [{ client }] = nodes;
  const height = async () => Number(await client.call('eth_blockNumber'));
  while ((await height()) < WARM_UP_BLOCKS) await pause(250);

  /** Of each block since: transactions, and when it was seen. */
  const blocks = [];
  let final = 0;
  let seen = await height();
  let done = false;
  async function watch() {
    while (!done) {
      for (const last = await height(); seen < last; ) {
        const block = await client.call('eth_getBlockByNumber', `0x${(seen + 1).toString(16)}`, false);
        seen++;
        final += block.transactions.length;
        blocks.push({ number: seen, transactions: block.transactions.length, at: performance.now(), timestamp: Number(block.timestamp) });
      }
      await pause(50);
    }
  }
  const watching = watch();
  // A lane for each node, so that nonces arrive in order.
  const lanes = nodes.map((_, lane) => raws.filter(({ sender }) => sender % nodes.length === lane));
  const sent = lanes.map(() => 0);
  const start = performance.now();
  const isOver = () => performance.now() - start > seconds * 1000;
  await Promise.all(
    lanes.map(async (lane, i) => {
      while (!isOver() && sent[i] < lane.length) {
        if (sent.reduce((sum, count) => sum + count, 0) - final > OUTSTANDING) await pause(20);
        else {
          const batch = lane.slice(sent[i], sent[i] + BATCH);
          await nodes[i].client.batch(
            'eth_sendRawTransaction',
            batch.map(({ hex }) => [hex]),
          );
          sent[i] += batch.length;
        }
      }
    }),
  );
  done = true;
  await watching;
  const full = blocks.filter(({ transactions }) => transactions > 0).slice(1, -1);
  const first = full[0];
  const last = full.at(-1);
  const counted = full.slice(1).reduce((sum, { transactions }) => sum + transactions, 0);
  const gaps = full.slice(1).map((block, i) => block.at - full[i].at);
  console.log(`\n${counted} transfers final in ${((last.at - first.at) / 1000).toFixed(1)} s and ${full.length - 1} blocks:`);
  console.log(`  ${Math.round((1000 * counted) / (last.at - first.at))} transactions a second`);
  console.log(
    `  block interval: mean ${Math.round(gaps.reduce((a, b) => a + b, 0) / gaps.length)} ms, longest ${Math.round(Math.max(...gaps))} ms`,
  );
  console.log(`  transactions of a block: ${full.map(({ transactions }) => transactions).join(' ')}`);
  const hashes = await Promise.all(
    nodes.map(async (node) => (await node.client.call('eth_getBlockByNumber', `0x${last.number.toString(16)}`, false))?.hash),
  );
  if (new Set(hashes).size !== 1 || hashes[0] === undefined) throw new Error('the nodes disagree');
  console.log(`  all ${nodes.length} nodes hold the same block ${last.number}`);
} finally {
  await Promise.all(nodes.map((node) => node.stop()));
  removeNetwork(network);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
