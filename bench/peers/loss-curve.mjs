// Trains the default model twice, with our engine and with PyTorch in f32, from the same weights on the same batches with the same
// schedule, and compares the losses: `node bench/peers/loss-curve.mjs --help`.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { heldOutBatch, trainingBatch } from '../../dist/data/batches.js';
import { initialiseWeights } from '../../dist/model/initialise.js';
import { learningRateAt } from '../../dist/model/schedule.js';
import { createTrainingEngine } from '../../dist/model/training-engine.js';
import { selectBackend } from '../../dist/numerics/backends.js';
import { DEFAULT_LEARNING, DEFAULT_MODEL } from '../../dist/params/network-defaults.js';
import { readFlags } from '../../scripts/flags.mjs';
import { loadDefaultDataset } from '../default-dataset.mjs';
import { findTorch, HOW_TO_INSTALL } from './find-torch.mjs';
import { lossCurveSvg } from './loss-curve-svg.mjs';

const HELP = `Usage: node bench/peers/loss-curve.mjs [--steps 2000] [--evaluate-every 50] [--held-out 64] [--threads 1] [--seed 1] [--output FOLDER]

Prints the smoothed training loss and the held-out loss of both, and how far they are apart. --output: also loss-curve.csv and .svg there.`;
/** Steps over which a printed or drawn training loss is the mean. */
const SMOOTHED_STEPS = 50;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const values = readFlags(
  import.meta.url,
  {
    steps: { type: 'string', default: '2000' },
    'evaluate-every': { type: 'string', default: '50' },
    'held-out': { type: 'string', default: '64' },
    threads: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string' },
  },
  HELP,
);

await main();

async function main() {
  const run = {
    model: DEFAULT_MODEL,
    steps: positive('steps'),
    evaluateEvery: positive('evaluate-every'),
    threads: positive('threads'),
    seed: new Uint8Array(32).fill(positive('seed')),
  };
  // The schedule of a whole run, warm-up to decay, within these steps.
  run.learning = {
    ...DEFAULT_LEARNING,
    total_steps: run.steps,
    warmup_steps: Math.min(DEFAULT_LEARNING.warmup_steps, Math.floor(run.steps / 10)),
  };
  const torch = findTorch(run);
  if (torch === undefined) fail(HOW_TO_INSTALL);

  const folder = await mkdtemp(join(tmpdir(), 'pol-loss-curve-'));
  try {
    const data = await prepare(run, folder);
    const ours = await trainOurs(run, data);
    const theirs = await trainTorch(run, torch, folder);
    await report(run, ours, theirs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Draws weights and batches with the product's own code, and writes them where PyTorch reads them. */
async function prepare({ model, learning, steps, evaluateEvery, threads, seed }, folder) {
  const { context_length: context } = model;
  const dataset = await loadDefaultDataset();
  const batchSize = learning.batch_size;
  const batchTokens = batchSize * (context + 1);
  const batches = new Int32Array(steps * batchTokens);
  for (let step = 0; step < steps; step++) {
    const out = batches.subarray(step * batchTokens, (step + 1) * batchTokens);
    trainingBatch({ dataset, beacon: seed, slot: 0, slotCapacity: steps * batchSize, step, batchSize }, out);
  }
  const heldOut = heldOutBatch(dataset, context, positive('held-out'));
  const backend = await selectBackend({ wanted: 'auto', threads });
  const engine = createTrainingEngine({ model, learning }, { backend });
  initialiseWeights(model, seed, engine.weights);
  await writeFile(join(folder, 'run.json'), JSON.stringify({ model, learning, steps, evaluate_every: evaluateEvery, threads }));
  await writeFile(join(folder, 'weights.f32'), engine.weights);
  await writeFile(join(folder, 'batches.i32'), batches);
  await writeFile(join(folder, 'held-out.i32'), heldOut);
  return { engine, backend, heldOut, batchAt: (step) => batches.subarray(step * batchTokens, (step + 1) * batchTokens) };
}

/** @returns for each step { step, loss, norm, held_out? } */
async function trainOurs({ learning, steps, evaluateEvery }, { engine, backend, heldOut, batchAt }) {
  const lines = [];
  const progress = createProgress(`ours (${backend.name})`, steps);
  for (let step = 0; step < steps; step++) {
    const { loss, gradNorm } = engine.step(batchAt(step), { adamStep: step + 1, learningRate: learningRateAt(step, learning) });
    const line = { step: step + 1, loss, norm: gradNorm };
    if (line.step % evaluateEvery === 0 || line.step === steps) line.held_out = engine.evaluate(heldOut).loss;
    lines.push(line);
    progress(line);
  }
  engine.release();
  return lines;
}

async function trainTorch({ steps }, { command, env, version }, folder) {
  const child = spawn(command, [join(root, 'bench', 'peers', 'loss_curve.py'), folder], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const lines = [];
  const progress = createProgress(`PyTorch ${version} f32`, steps);
  for await (const text of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(text));
    progress(lines.at(-1));
  }
  if ((await ended) !== 0 || lines.length !== steps) throw new Error(`PyTorch stopped after ${lines.length} of ${steps} steps`);
  return lines;
}

/** One line now and then, at the steps that have a held-out loss. */
function createProgress(name, steps) {
  const start = performance.now();
  return ({ step, loss, held_out: heldOut }) => {
    if (heldOut === undefined) return;
    const seconds = (performance.now() - start) / 1000;
    console.error(`${name}: step ${step}/${steps}, loss ${loss.toFixed(4)}, held out ${heldOut.toFixed(4)}, ${seconds.toFixed(0)} s`);
  };
}

async function report({ steps }, ours, theirs) {
  const [ourMeans, theirMeans] = [ours, theirs].map((lines) => trailingMeans(lines.map(({ loss }) => loss)));
  console.log(`training loss: mean of the last ${SMOOTHED_STEPS} steps; Δ: ours over PyTorch's`);
  console.log('  step   ours  PyTorch      Δ   held out: ours  PyTorch      Δ');
  let largest = { training: 0, heldOut: 0 };
  for (let i = 0; i < steps; i++) {
    const training = ourMeans[i] / theirMeans[i] - 1;
    largest = { ...largest, training: Math.max(largest.training, Math.abs(training)) };
    if (ours[i].held_out === undefined) continue;
    const heldOut = ours[i].held_out / theirs[i].held_out - 1;
    largest = { ...largest, heldOut: Math.max(largest.heldOut, Math.abs(heldOut)) };
    const cells = [`${i + 1}`.padStart(6), ourMeans[i].toFixed(4), theirMeans[i].toFixed(4).padStart(8), percent(training)];
    console.log(cells.join(' '), ours[i].held_out.toFixed(4).padStart(16), theirs[i].held_out.toFixed(4).padStart(8), percent(heldOut));
  }
  console.log(`largest |Δ|: training${percent(largest.training)}, held out${percent(largest.heldOut)}`);
  if (values.output === undefined) return;
  await mkdir(values.output, { recursive: true });
  const rows = ours.map((line, i) => [line.step, line.loss, theirs[i].loss, line.held_out ?? '', theirs[i].held_out ?? '']);
  const csv = [['step', 'ours', 'pytorch_f32', 'ours_held_out', 'pytorch_f32_held_out'], ...rows].map((row) => row.map(short).join(','));
  await writeFile(join(values.output, 'loss-curve.csv'), `${csv.join('\n')}\n`);
  await writeFile(join(values.output, 'loss-curve.svg'), lossCurveSvg({ ours: ourMeans, theirs: theirMeans }));
}

/** At each place the mean of the last SMOOTHED_STEPS values. */
function trailingMeans(list) {
  let sum = 0;
  return list.map((value, i) => {
    sum += value - (i >= SMOOTHED_STEPS ? list[i - SMOOTHED_STEPS] : 0);
    return sum / Math.min(i + 1, SMOOTHED_STEPS);
  });
}

function percent(share) {
  return `${(100 * share).toFixed(2)}%`.padStart(8);
}

function short(value) {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(5) : value;
}

function positive(flag) {
  const value = Number(values[flag]);
  return Number.isInteger(value) && value > 0 ? value : fail(`--${flag} takes a whole number above 0, not "${values[flag]}"`);
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}
