// node bench/browser.mjs [--steps N]: tokens a second of training the tiny model on one thread, in headless Chromium and in Node.
import { ensureBuilt, ensureDependencies, main } from '../scripts/bootstrap.mjs';
import { readFlags } from '../scripts/flags.mjs';
import { findChromium, runInChromium } from './browser/chromium.mjs';
import { runJob } from './browser/job.mjs';
import { SHAPES } from './shapes.mjs';
import { row } from './timing.mjs';

const TIMEOUT_MS = 120_000;
const WIDTHS = [24, 12, 20];
const values = readFlags(import.meta.url, { steps: { type: 'string', default: '12' } });

await main(async () => {
  await ensureDependencies();
  await ensureBuilt();
  const job = { ...SHAPES.find(({ name }) => name === 'tiny'), steps: Number(values.steps) };
  const pol = await import('../dist/browser.js');
  const { listBackends, selectBackend } = await import('../dist/numerics/backends.js');
  const results = [];
  for (const wanted of listBackends().filter((name) => name.startsWith('wasm'))) {
    results.push([`Node, ${wanted}`, await runJob(pol, await selectBackend({ wanted, threads: 1 }), job)]);
  }
  const chromium = findChromium();
  if (chromium === undefined) console.log('  no Chromium here: set POL_CHROMIUM or install one');
  else results.push(['Chromium, WebAssembly', await runInChromium(chromium, job, { timeoutMs: TIMEOUT_MS })]);
  row(WIDTHS, 'tiny, one thread', 'tokens/s', 'state');
  for (const [name, { tokensPerSecond, hash }] of results) row(WIDTHS, name, Math.round(tokensPerSecond), hash.slice(0, 16));
});
