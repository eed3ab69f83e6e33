// Training speed of our engine and of PyTorch on the same shapes, in turns within one run: `npm run bench:compare -- --help`.

import { existsSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findTorch, HOW_TO_INSTALL } from './peers/find-torch.mjs';
import { startLineProcess } from './peers/line-process.mjs';
import { SHAPES } from './shapes.mjs';

const HELP = `Usage: node bench/compare.mjs [--shapes tiny,small,gpt2] [--threads 1,2] [--precisions f32,bf16] [--rounds 4] [--seconds 2] [--backend auto]

Trains each shape with our engine and with PyTorch (f32, and bf16 autocast), one after the other, again and again. A turn lasts
at least --seconds and at least one step. Prints, of each, tokens a second of the fastest step, tokens per second of processor time (the
median step's, all threads: what a busy machine disturbs least), and the ratios of ours to them.`;
const WIDTHS = [6, 7, 28, 9, 7, 9, 7, 5];
/** Below it, f32 products are the reference BLAS's, and the comparison says nothing. */
const LEAST_GFLOPS = 20;
const peers = join(dirname(fileURLToPath(import.meta.url)), 'peers');

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: SHAPES.map(({ name }) => name).join(',') },
    threads: { type: 'string', default: [...new Set([1, availableParallelism()])].join(',') },
    precisions: { type: 'string', default: 'f32,bf16' },
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '2' },
    backend: { type: 'string', default: 'auto' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
} else {
  process.exitCode = await compare();
}

async function compare() {
  const shapes = values.shapes.split(',').map((name) => SHAPES.find((shape) => shape.name === name) ?? fail(`no shape "${name}"`));
  const threadCounts = values.threads.split(',').map((text) => positive('--threads', text));
  const precisions = values.precisions.split(',').filter((name) => name !== '');
  const wrong = precisions.find((name) => name !== 'f32' && name !== 'bf16');
  if (wrong !== undefined) fail(`no precision "${wrong}"; there are f32 and bf16`);
  const rounds = positive('--rounds', values.rounds);
  const seconds = positive('--seconds', values.seconds);
  if (!existsSync(join(peers, '..', '..', 'dist', 'model', 'training-engine.js'))) fail('dist/ is missing: npm run build');

  const torch = findTorch({ threads: 1 });
  console.log(`${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} threads available`);
  console.log(torch === undefined ? `${HOW_TO_INSTALL} Ours alone:` : `PyTorch ${torch.version}`);
  console.log(
    'ours ÷: the same of ours over it; cpu: processor time had, of what its threads could use (low: other programs were running)',
  );
  printRow('shape', 'threads', '', 'tokens/s', 'ours ÷', 'per cpu s', 'ours ÷', 'cpu');
  for (const shape of shapes) {
    for (const threads of threadCounts) {
      const participants = await startAll(shape, threads, torch === undefined ? [] : precisions);
      for (let round = 0; round < rounds; round++) {
        for (const participant of participants) participant.turns.push(await participant.process.ask({ seconds }));
      }
      for (const { process } of participants) await process.end();
      report(shape, threads, participants);
    }
  }
  return 0;
}

async function startAll(shape, threads, precisions) {
  const { model, learning } = shape;
  const options = { model, learning, threads };
  const ours = { ...options, backend: values.backend };
  const participants = [await participant(process.execPath, [join(peers, 'train-ours.mjs'), JSON.stringify(ours)], {})];
  for (const precision of precisions) {
    const { command, env } = findTorch({ threads });
    const args = [join(peers, 'train_torch.py'), JSON.stringify({ ...options, precision })];
    participants.push(await participant(command, args, { env }, precision));
  }
  return participants;
}

async function participant(command, args, options, precision) {
  const started = await startLineProcess(command, args, options);
  const { version, attention, foreach, gflops } = started.ready;
  if (gflops < LEAST_GFLOPS) {
    console.log(`warning: PyTorch's f32 products run at ${gflops.toFixed(1)} GFLOP/s: no fast BLAS (docs/benchmarks.md)`);
  }
  const name = precision === undefined ? version : `torch ${precision} ${attention}${foreach ? ' foreach' : ''}`;
  return { name, process: started, turns: [] };
}

function report(shape, threads, participants) {
  const tokens = shape.learning.batch_size * shape.model.context_length;
  const [ours, ...others] = participants.map(({ name, turns }) => {
    const steps = turns.flatMap((turn) => turn.steps);
    const wall = steps.map(([seconds]) => seconds).sort((a, b) => a - b);
    const cpu = steps.map(([, seconds]) => seconds).sort((a, b) => a - b);
    const share = sum(cpu) / sum(wall) / threads;
    return { name, fastest: tokens / wall[0], perCpu: tokens / cpu[cpu.length >> 1], share };
  });
  for (const one of [ours, ...others]) {
    const ratio = (speed) => (one === ours ? '' : (ours[speed] / one[speed]).toFixed(2));
    const speeds = ['fastest', 'perCpu'].flatMap((speed) => [Math.round(one[speed]).toString(), ratio(speed)]);
    printRow(shape.name, String(threads), one.name, ...speeds, `${Math.round(100 * one.share)}%`);
  }
}

function sum(list) {
  return list.reduce((total, value) => total + value, 0);
}

function printRow(...cells) {
  console.log(cells.map((cell, i) => (i === 0 || i === 2 ? cell.padEnd(WIDTHS[i]) : cell.padStart(WIDTHS[i]))).join('  '));
}

function positive(flag, text) {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : fail(`${flag} takes numbers above 0, not "${text}"`);
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}
