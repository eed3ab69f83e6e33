// Training speed of our engine and of other programs on the same shapes, in turns within one run: `npm run bench:compare -- --help`.

import { existsSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFlags } from '../scripts/flags.mjs';
import { trainingFlopsPerToken } from './flops.mjs';
import { measurePeaks } from './peaks.mjs';
import { startLineProcess } from './peers/line-process.mjs';
import { ours, PEERS } from './peers/peers.mjs';
import { printHeader, printRows, writeReport } from './peers/speed-report.mjs';
import { SHAPES } from './shapes.mjs';

const HELP = `Usage: npm run bench:compare -- [--shapes tiny,small,gpt2] [--threads 1,2] [--peers torch,llmc,tfjs,jax-js] [--backend auto]
                                [--rounds 4] [--seconds 2] [--output FOLDER]

Trains each shape with our engine and with every peer that is installed, one after the other, again and again. A turn lasts at least
--seconds and at least one step. tfjs and jax-js run in WebAssembly on one thread: they train the tiny shape and are compared with our
WebAssembly and native backends. Peers that are not found are named, with how to install them.

Prints, of each: tokens/s of the fastest step; how many times that ours has; the share of the processor's peak that the model's
operations make at that speed (the peak of our native backend's own multiply-add, bf16 where there is one, measured in this run; times
the threads); tokens per second of processor time (the median step's, all threads: what a busy machine disturbs least); and cpu, the
processor time had, of what the threads could use (low: other programs were running).

--output writes speed.json, speed.md and speed.svg there. Rows measured before on the same processor stay where this run has none.
  all of it:  POL_PEER_LLMC=../llm.c POL_PEER_NODE_MODULES=../peers npm run bench:compare -- --output docs/benchmarks
  one slice:  npm run bench:compare -- --shapes gpt2 --threads 2 --peers llmc --rounds 1 --output docs/benchmarks`;
/** Peers in WebAssembly are too slow for the others. */
const WASM_SHAPES = ['tiny'];
/** Below it, other programs had so much of the processor that peers whose threads wait for each other look slower than they are. */
const LEAST_SHARE = 0.8;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const values = readFlags(
  import.meta.url,
  {
    shapes: { type: 'string', default: SHAPES.map(({ name }) => name).join(',') },
    threads: { type: 'string', default: [...new Set([1, availableParallelism()])].join(',') },
    peers: { type: 'string', default: PEERS.map(({ name }) => name).join(',') },
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '2' },
    backend: { type: 'string', default: 'auto' },
    output: { type: 'string' },
  },
  HELP,
);

await compare();

async function compare() {
  const shapes = named('shape', values.shapes, SHAPES);
  const wanted = named('peer', values.peers, PEERS);
  const threadCounts = values.threads.split(',').map((text) => positive('--threads', text));
  const options = { rounds: positive('--rounds', values.rounds), seconds: positive('--seconds', values.seconds) };
  if (!existsSync(join(root, 'dist', 'model', 'training-engine.js'))) fail('dist/ is missing: npm run build');

  const processor = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} threads`;
  console.log(processor);
  const found = findAll(wanted);
  const peakOf = createPeaks();
  const rows = [];
  printHeader();
  for (const shape of shapes) {
    for (const threads of threadCounts) {
      for (const against of ['native', 'wasm']) {
        const peers = found.filter((peer) => peer.against === against);
        if (against === 'wasm' && (peers.length === 0 || threads > 1 || !WASM_SHAPES.includes(shape.name))) continue;
        if (against === 'native' && peers.length === 0 && found.length > 0) continue;
        const engines = against === 'wasm' ? [ours('wasm'), ours(values.backend)] : [ours(values.backend)];
        const comparison = { shape, threads, against, programs: [...engines, ...peers], oursCount: engines.length };
        const measured = await measure(comparison, peakOf, options);
        printRows(measured);
        if (measured[0].share < LEAST_SHARE) console.log('warning: the machine is busy; only tokens per second of processor time compare');
        rows.push(...measured);
      }
    }
  }
  if (values.output !== undefined) await writeReport(values.output, { processor, rows });
}

/** Peers with their programs; says of the others how to get them. */
function findAll(wanted) {
  return wanted.flatMap((peer) => {
    const programs = peer.find();
    if (programs === undefined) console.log(peer.missing);
    return programs === undefined ? [] : [{ ...peer, ...programs }];
  });
}

/**
 * The peak of a native backend in GFLOP/s on one thread, measured once; undefined where it cannot be. Not of WebAssembly: V8 is still busy
 * with the compiler that the measurement needs, and the peak came out at half of what it is.
 */
function createPeaks() {
  const peaks = new Map();
  return async (backend) => {
    if (!peaks.has(backend) && !backend.startsWith('wasm')) peaks.set(backend, (await measurePeaks([backend])).get(backend));
    return peaks.get(backend);
  };
}

async function measure({ shape, threads, against, programs, oursCount }, peakOf, { rounds, seconds }) {
  const { model, learning } = shape;
  const participants = [];
  for (const { name, command, args, env, describe } of programs.flatMap((one) => one.programs({ model, learning, threads }))) {
    const process = await startLineProcess(command, args, { env });
    const detail = describe?.(process.ready) ?? process.ready.version;
    participants.push({ name, detail, process, steps: [] });
  }
  const oursPeaks = [];
  for (const { detail } of participants.slice(0, oursCount)) oursPeaks.push(await peakOf(detail));
  for (let round = 0; round < rounds; round++) {
    for (const { process, steps } of participants) steps.push(...(await process.ask({ seconds })).steps);
  }
  for (const { process } of participants) await process.end();

  const speeds = participants.map(({ steps }) => speed(steps, learning.batch_size * model.context_length, threads));
  return participants.map(({ name, detail }, i) => {
    const peak = oursPeaks[i] ?? oursPeaks[0];
    const row = { against, shape: shape.name, threads, name, detail, ...speeds[i], peak };
    if (peak !== undefined) row.ofPeak = (speeds[i].fastest * trainingFlopsPerToken(model)) / (peak * 1e9 * threads);
    // One ratio for each of our backends in this comparison.
    row.ratios = i < oursCount ? [] : speeds.slice(0, oursCount).map(({ fastest }) => fastest / speeds[i].fastest);
    if (i >= oursCount) row.cpuRatio = speeds[0].perCpu / speeds[i].perCpu;
    return row;
  });
}

/** Tokens per second of the fastest step and of processor time, and the share of the threads' time that the program had. */
function speed(steps, tokens, threads) {
  const [wall, cpu] = [0, 1].map((i) => steps.map((step) => step[i]).sort((a, b) => a - b));
  return { fastest: tokens / wall[0], perCpu: tokens / cpu[cpu.length >> 1], share: sum(cpu) / sum(wall) / threads };
}

function sum(list) {
  return list.reduce((total, value) => total + value, 0);
}

function named(kind, text, all) {
  const names = text.split(',').filter((name) => name !== '');
  return names.map(
    (name) => all.find((one) => one.name === name) ?? fail(`no ${kind} "${name}"; there are ${all.map((one) => one.name).join(', ')}`),
  );
}

function positive(flag, text) {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : fail(`${flag} takes numbers above 0, not "${text}"`);
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}
