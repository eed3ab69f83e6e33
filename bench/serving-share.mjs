// npm run build && node bench/serving-share.mjs [--share 0.5] [--threads 2] [--rounds 2] [--streams 16]
// What full serving load takes from training in the same node, and whether consensus misses a round because of it: a network of one node
// that trains and checks, first left alone, then asked by more streams than it answers at once.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '../scripts/flags.mjs';

const values = readFlags(import.meta.url, {
  share: { type: 'string', default: '0.5' },
  threads: { type: 'string', default: String(availableParallelism()) },
  rounds: { type: 'string', default: '2' },
  streams: { type: 'string', default: '16' },
});
const [rounds, streams] = [Number(values.rounds), Number(values.streams)];
const POLL_MS = 250;

const directory = await mkdtemp(join(tmpdir(), 'pol-share-'));
const [port, apiPort] = [await freePort(), await freePort()];
const flags = {
  port,
  'api-port': apiPort,
  'data-dir': directory,
  threads: values.threads,
  'inference-share': values.share,
  'model-size': 3_000_000,
};
const node = spawn(
  process.execPath,
  [
    'bin/pol-node.mjs',
    'run',
    '--training',
    '--log-level',
    'WARN',
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
);
const url = `http://127.0.0.1:${apiPort}`;
const get = async (path) => (await fetch(`${url}${path}`)).json();

try {
  await until(async () => (await get('/health').catch(() => undefined))?.status === 'ok');
  // The first round only gathers.
  await untilNextRound();
  await untilNextRound();
  const alone = await measure();
  const load = startLoad();
  await until(async () => load.tokens > 0);
  await untilNextRound();
  const loaded = await measure(load);
  await load.stop();
  const lost = 1 - loaded.speed / alone.speed;
  console.log(`share ${values.share}, ${values.threads} threads of training, ${streams} streams`);
  for (const [name, { speed, speeds, blocks, missed, slowest }] of Object.entries({ alone, loaded })) {
    console.log(
      `  ${name.padEnd(7)} ${speed.toFixed(0)} tokens/s trained (${speeds.map((one) => one.toFixed(0)).join(', ')}); ${blocks} blocks, ${missed} rounds of consensus missed, slowest block ${slowest} s`,
    );
  }
  console.log(`  answered ${loaded.answered.toFixed(1)} tokens/s; training lost ${(100 * lost).toFixed(1)} % of its speed`);
  process.exitCode = lost <= Number(values.share) && loaded.missed === 0 ? 0 : 1;
} finally {
  node.kill('SIGTERM');
  await new Promise((resolve) => (node.exitCode === null ? node.once('exit', resolve) : resolve()));
  await rm(directory, { recursive: true, force: true });
}

/** Speed of training over whole rounds (mean of each round's own), and how consensus went. A round has just begun. */
async function measure(load) {
  const first = (await get('/api/v1/status')).height;
  const [started, answeredBefore] = [performance.now(), load?.tokens ?? 0];
  const speeds = [];
  while (speeds.length < rounds) speeds.push(await untilNextRound());
  const seconds = (performance.now() - started) / 1000;
  const last = (await get('/api/v1/status')).height;
  let [missed, slowest, before] = [0, 0, undefined];
  for (let height = first; height <= last; height++) {
    const { consensus, timestamp } = await get(`/api/v1/block/${height}`);
    missed += consensus.certificate.round;
    if (before !== undefined) slowest = Math.max(slowest, timestamp - before);
    before = timestamp;
  }
  const speed = speeds.reduce((sum, one) => sum + one, 0) / speeds.length;
  return { speed, speeds, blocks: last - first, missed, slowest, answered: ((load?.tokens ?? 0) - answeredBefore) / seconds };
}

/** Waits for the next round to open; the last speed seen in the one before. */
async function untilNextRound() {
  const { current_epoch: round } = await get('/api/v1/training/status');
  for (let speed = 0; ; ) {
    await pause(POLL_MS);
    const status = await get('/api/v1/training/status');
    if (status.current_epoch !== round) return speed;
    if (status.tokens_per_second > 0) speed = status.tokens_per_second;
  }
}

function startLoad() {
  const stop = new AbortController();
  const load = { tokens: 0 };
  const running = Array.from({ length: streams }, async (_, i) => {
    for (let n = 0; !stop.signal.aborted; n++) {
      const body = JSON.stringify({
        model: 'pol-gpt',
        prompt: `Chapter ${i}, ${n}: the `,
        max_tokens: 64,
        seed: n,
        stream: true,
        stream_options: { include_usage: true },
      });
      const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: stop.signal };
      const response = await fetch(`${url}/v1/completions`, options).catch(() => undefined);
      try {
        for (const [, count] of (await response?.text())?.matchAll(/"completion_tokens":(\d+)/g) ?? []) load.tokens += Number(count);
      } catch {
        // Stopped.
      }
    }
  });
  return Object.assign(load, {
    stop: async () => {
      stop.abort();
      await Promise.all(running);
    },
  });
}

async function until(holds) {
  while (!(await holds())) {
    if (node.exitCode !== null) throw new Error('the node ended');
    await pause(POLL_MS);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
