// A day of blocks (86,400) in fast forward: one authority's chain without learning and without waiting, a transfer in each block. Prints memory
// and disk on the way; then opens the chain anew in another process and asks it for old balances and receipts.
// `npm run build && node --expose-gc bench/day.mjs [--blocks 86400] [--directory DIR]`; a directory that was given is kept.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prefix } from '../dist/store/prefixes.js';
import { readFlags } from '../scripts/flags.mjs';
import { row } from './timing.mjs';
import { finalise, openDayChain, SINK } from './transfers/day-chain.mjs';
import { CHAIN_ID, senders } from './transfers/network.mjs';
import { signTransfers } from './transfers/sign.mjs';

const values = readFlags(import.meta.url, { blocks: { type: 'string', default: '86400' }, directory: { type: 'string' } });
const total = Number(values.blocks);
const REPORTS = 10;
const SENDERS = 100;
const MIB = 2 ** 20;
if (values.directory !== undefined) mkdirSync(values.directory);
const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'pol-day-'));
/** Resident memory without mapped files: the system takes the store's pages back when it needs them. Only Linux tells. */
const ownMemory = () =>
  existsSync('/proc/self/status') ? 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) : Number.NaN;
const sizeOf = (folder) => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

try {
  const signers = senders(SENDERS);
  const node = await openDayChain(directory);
  const widths = [10, 10, 12, 12, 14, 12, 14];
  console.log(`\n${total} blocks, a transfer in each:\n`);
  row(widths, 'block', 'ms/block', 'heap MiB', 'own MiB', 'resident MiB', 'disk MiB', 'bytes/block');
  let before = { height: 0, at: performance.now(), disk: sizeOf(directory) };
  for (let height = 1; height <= total; height++) {
    const nonce = Math.floor((height - 1) / SENDERS);
    const [{ hex }] = signTransfers({ signers: [signers[(height - 1) % SENDERS]], chainId: CHAIN_ID, first: nonce, count: 1, to: SINK });
    await node.transactions.add(new Uint8Array(Buffer.from(hex.slice(2), 'hex')));
    await node.chain.commit(finalise(await node.chain.build()));
    if (height % Math.ceil(total / REPORTS) !== 0 && height !== total) continue;
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const now = { height, at: performance.now(), disk: sizeOf(directory) };
    const blocks = now.height - before.height;
    const cells = [(now.at - before.at) / blocks, heapUsed / MIB, ownMemory() / MIB, rss / MIB, now.disk / MIB].map((value) =>
      value.toFixed(1),
    );
    row(widths, String(height), ...cells, Math.round((now.disk - before.disk) / blocks));
    before = now;
  }

  console.log('\nWhat the store holds, by kind:\n');
  row([24, 12, 14, 14], 'kind', 'entries', 'MiB', 'bytes/block');
  for (const [name, prefix] of Object.entries(Prefix)) {
    let entries = 0;
    let bytes = 0;
    for (const { key, value } of node.store.range({ from: Uint8Array.of(prefix), to: Uint8Array.of(prefix + 1) })) {
      entries++;
      bytes += key.length + value.length;
    }
    if (entries > 0) row([24, 12, 14, 14], name, entries, (bytes / MIB).toFixed(1), Math.round(bytes / total));
  }
  await node.store.close();
  const again = new URL('transfers/day-again.mjs', import.meta.url).pathname;
  console.log(execFileSync(process.execPath, [again, directory, String(SENDERS), String(total)], { encoding: 'utf8' }));
} finally {
  if (values.directory === undefined) rmSync(directory, { recursive: true });
}
