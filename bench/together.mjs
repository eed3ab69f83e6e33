// Does training together pay? `node bench/together.mjs --help`.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { heldOutBatch, trainingBatch } from '../dist/data/batches.js';
import { mergeUpdates, outerStep } from '../dist/learning/merge.js';
import { decodeUpdate, encodeUpdate, quantiseUpdate } from '../dist/learning/update.js';
import { initialiseWeights } from '../dist/model/initialise.js';
import { learningRateAt } from '../dist/model/schedule.js';
import { createTrainingEngine } from '../dist/model/training-engine.js';
import { selectBackend } from '../dist/numerics/backends.js';
import { DEFAULT_LEARNING, DEFAULT_MODEL } from '../dist/params/network-defaults.js';
import { loadDefaultDataset } from './default-dataset.mjs';
import { togetherSvg } from './together-svg.mjs';

const HELP = `Usage: node bench/together.mjs [--trainers 1,2,4,8] [--rounds 10] [--steps 60] [--batch 8] [--outer 0.7:0.6,…] [--no-baseline]
                               [--held-out 64] [--threads 2] [--seed 1] [--output FOLDER]

Trains the default model as a network does, with the production code for batches, updates and their merge (no blocks, no checks): in
each round every trainer takes --steps steps from the same start, updates travel as int8 blocks, and their mean moves the model.
Prints the held-out loss after each round for each number of trainers, and beside it that of one trainer whose batch is as many times
larger (plain AdamW, equal tokens, equal number of steps). --outer: learning rate and momentum of the outer step, one run for each.`;
const { values } = parseArgs({
  options: {
    trainers: { type: 'string', default: '1,2,4,8' },
    rounds: { type: 'string', default: '10' },
    steps: { type: 'string', default: '60' },
    batch: { type: 'string', default: '8' },
    outer: { type: 'string', default: `${DEFAULT_LEARNING.outer_learning_rate}:${DEFAULT_LEARNING.outer_momentum}` },
    'no-baseline': { type: 'boolean', default: false },
    'held-out': { type: 'string', default: '64' },
    threads: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else await main();

async function main() {
  const dataset = await loadDefaultDataset();
  const run = {
    rounds: positive('rounds'),
    steps: positive('steps'),
    batch: positive('batch'),
    seed: new Uint8Array(32).fill(positive('seed')),
    dataset,
    heldOut: heldOutBatch(dataset, DEFAULT_MODEL.context_length, positive('held-out')),
    backend: await selectBackend({ wanted: 'auto', threads: positive('threads') }),
  };
  const counts = values.trainers.split(',').map((text) => whole('--trainers', text));
  const outers = values.outer.split(',').map((text) => {
    const [learningRate, momentum] = text.split(':').map(Number);
    return Number.isFinite(learningRate) && Number.isFinite(momentum)
      ? { learningRate, momentum }
      : fail(`--outer "${text}": say RATE:MOMENTUM`);
  });
  const results = [];
  for (const trainers of counts) {
    const baseline = values['no-baseline'] ? undefined : trainAlone(run, trainers);
    for (const outer of outers) {
      const losses = await trainTogether(run, trainers, outer);
      results.push({ trainers, outer, losses, baseline });
      report(run, results.at(-1));
    }
  }
  summary(run, results);
  if (values.output === undefined) return;
  await mkdir(values.output, { recursive: true });
  await writeFile(join(values.output, 'together.svg'), togetherSvg(results));
}

/** A network's rounds: held-out loss after each. */
async function trainTogether({ rounds, steps, batch, seed, dataset, heldOut, backend }, trainers, outer) {
  const engine = createTrainingEngine({ model: DEFAULT_MODEL, learning: { ...DEFAULT_LEARNING, batch_size: batch } }, { backend });
  const weights = new Float32Array(engine.layout.count);
  initialiseWeights(DEFAULT_MODEL, seed, weights);
  const momentum = new Float32Array(weights.length);
  const tokens = new Int32Array(batch * (DEFAULT_MODEL.context_length + 1));
  const losses = [];
  for (let round = 0; round < rounds; round++) {
    const updates = [];
    for (let slot = 0; slot < trainers; slot++) {
      engine.weights.set(weights);
      engine.clearMoments();
      for (let step = 0; step < steps; step++) {
        trainingBatch({ dataset, beacon: beaconOf(seed, round), slot, slotCapacity: steps * batch, step, batchSize: batch }, tokens);
        engine.step(tokens, { adamStep: step + 1, learningRate: learningRateAt(round * steps + step, DEFAULT_LEARNING) });
      }
      updates.push(encodeUpdate(quantiseUpdate(weights, engine.weights)));
    }
    const equal = updates.map(() => steps * batch);
    outerStep(weights, momentum, await mergeUpdates(weights.length, equal, async (i) => decodeUpdate(updates[i], weights.length)), outer);
    engine.weights.set(weights);
    losses.push(engine.evaluate(heldOut).loss);
    progress(
      `${trainers} trainers, outer ${outer.learningRate}:${outer.momentum}, round ${round + 1}/${rounds}: ${losses.at(-1).toFixed(4)}`,
    );
  }
  engine.release();
  return losses;
}

/** One trainer with the large batch, moments kept: what the same tokens give without a network. */
function trainAlone({ rounds, steps, batch, seed, dataset, heldOut, backend }, times) {
  const batchSize = batch * times;
  const engine = createTrainingEngine(
    { model: DEFAULT_MODEL, learning: { ...DEFAULT_LEARNING, batch_size: batchSize }, microBatch: batch },
    { backend },
  );
  initialiseWeights(DEFAULT_MODEL, seed, engine.weights);
  const tokens = new Int32Array(batchSize * (DEFAULT_MODEL.context_length + 1));
  const losses = [];
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < steps; step++) {
      trainingBatch({ dataset, beacon: beaconOf(seed, round), slot: 0, slotCapacity: steps * batchSize, step, batchSize }, tokens);
      const done = round * steps + step;
      engine.step(tokens, { adamStep: done + 1, learningRate: learningRateAt(done, DEFAULT_LEARNING) });
    }
    losses.push(engine.evaluate(heldOut).loss);
    progress(`alone, batch ${batchSize}, round ${round + 1}/${rounds}: ${losses.at(-1).toFixed(4)}`);
  }
  engine.release();
  return losses;
}

function report({ rounds }, { trainers, outer, losses, baseline }) {
  const last = losses.at(-1);
  const beside =
    baseline === undefined ? '' : `, alone with the large batch ${baseline.at(-1).toFixed(4)} (${percent(last / baseline.at(-1) - 1)})`;
  console.log(
    `${trainers} trainers, outer ${outer.learningRate}:${outer.momentum}: held-out ${last.toFixed(4)} after ${rounds} rounds${beside}`,
  );
}

function summary({ steps, batch }, results) {
  console.log(`\n| trainers | outer rate : momentum | held out | one trainer, batch × trainers | distance |`);
  console.log('|---|---|---|---|---|');
  for (const { trainers, outer, losses, baseline } of results) {
    const last = losses.at(-1);
    const alone = baseline?.at(-1);
    const cells = [trainers, `${outer.learningRate} : ${outer.momentum}`, last.toFixed(4)];
    cells.push(alone?.toFixed(4) ?? '', alone === undefined ? '' : percent(last / alone - 1));
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log(`\n${steps} steps a round, batches of ${batch} × ${DEFAULT_MODEL.context_length} tokens.`);
}

/** Another assignment of data in each round. */
function beaconOf(seed, round) {
  const beacon = seed.slice();
  beacon[0] = round & 255;
  beacon[1] = round >> 8;
  return beacon;
}

function progress(line) {
  console.error(line);
}

function percent(share) {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(2)} %`;
}

function positive(flag) {
  return whole(`--${flag}`, values[flag]);
}

function whole(flag, text) {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : fail(`${flag} takes whole numbers above 0, not "${text}"`);
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}
