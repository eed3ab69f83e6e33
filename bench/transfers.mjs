// Import of blocks of plain transfers: decode, recover senders, execute, check every root, store. Ours against EthereumJS, in one run, each
// in a process of its own that has seen none of the transactions. `npm run build && node bench/transfers.mjs [--blocks 10] [--transfers 500]`
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '../scripts/flags.mjs';
import { row } from './timing.mjs';

const values = readFlags(import.meta.url, { blocks: { type: 'string', default: '10' }, transfers: { type: 'string', default: '500' } });
const WARM_UP_BLOCKS = 3;
const [measured, transfers] = [Number(values.blocks), Number(values.transfers)];
const script = (name) => new URL(`transfers/${name}.mjs`, import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), 'pol-transfers-'));
const file = join(directory, 'blocks');

/** Transfers a second of the median block, and of the slowest. */
function importBy(name, ...flags) {
  const out = execFileSync(process.execPath, [script(name), file, String(transfers), String(WARM_UP_BLOCKS), ...flags], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { times, root } = JSON.parse(out);
  times.sort((a, b) => a - b);
  const rate = (ms) => Math.round((1000 * transfers) / ms);
  return { root, median: rate(times[times.length >> 1]), slowest: rate(times.at(-1)) };
}

try {
  execFileSync(process.execPath, [script('make-blocks'), file, String(measured + WARM_UP_BLOCKS), String(transfers)], { stdio: 'inherit' });
  const results = [
    ['EthereumJS as shipped', importBy('import-ethereumjs')],
    ['EthereumJS, WebAssembly crypto', importBy('import-ethereumjs', 'wasm')],
    ['pol-node, senders on one thread', importBy('import-ours', 'one-thread')],
    ['pol-node', importBy('import-ours')],
  ];
  const widths = [34, 10, 10, 8];
  console.log(`\nImport of ${measured} blocks of ${transfers} transfers, transfers a second:\n`);
  row(widths, '', 'median', 'slowest', '×');
  const base = results[0][1].median;
  for (const [name, { median, slowest }] of results) row(widths, name, median, slowest, (median / base).toFixed(2));
  if (new Set(results.map(([, { root }]) => root)).size !== 1) throw new Error('the state roots differ');
  console.log('\n  All end with the same state root.');
} finally {
  rmSync(directory, { recursive: true });
}
