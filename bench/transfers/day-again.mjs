// node day-again.mjs DIRECTORY SENDERS BLOCKS: opens a chain of bench/day.mjs anew, times it, and asks for old balances and receipts.

import { rawTransactions } from '../../dist/execution/block-view.js';
import { keccak256 } from '../../dist/primitives/hash.js';

const start = performance.now();
const { openDayChain, SINK } = await import('./day-chain.mjs');
const [directory, total] = [process.argv[2], Number(process.argv[4])];
const { chain, execution, store } = await openDayChain(directory);
if (chain.height !== total) throw new Error(`the chain came back at ${chain.height}`);
console.log(`  opened at block ${chain.height} in ${((performance.now() - start) / 1000).toFixed(2)} s, modules loaded`);

const SAMPLES = 2_000;
const asked = performance.now();
for (let i = 0; i < SAMPLES; i++) {
  // Spread over all heights, the first and the last among them.
  const height = 1 + Math.floor((i * (total - 1)) / (SAMPLES - 1));
  const balance = await execution.reader.balance(SINK, height);
  if (balance !== BigInt(height)) throw new Error(`at block ${height} the balance is ${balance}`);
  const [raw] = rawTransactions(execution.reader.block(height));
  const receipt = execution.reader.receipt(keccak256(raw));
  if (receipt?.blockNumber !== height || !receipt.succeeded) throw new Error(`no receipt of block ${height}`);
}
console.log(`  ${SAMPLES} balances and receipts of all ages are right, ${((performance.now() - asked) / SAMPLES).toFixed(2)} ms a pair`);
await store.close();
