// Does training together pay? `node bench/together.mjs --help`.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { heldOutBatch, trainingBatch } from '../dist/data/batches.js';
import { mergeUpdates, outerStep } from '../dist/learning/merge.js';
import { createUpdateFormat } from '../dist/learning/update-format.js';
import { loadStart } from '../dist/learning/workload.js';
import { initialiseWeights } from '../dist/model/initialise.js';
import { learningRateAt } from '../dist/model/schedule.js';
import { createTrainingEngine } from '../dist/model/training-engine.js';
import { selectBackend } from '../dist/numerics/backends.js';
import { DEFAULT_LEARNING, DEFAULT_MODEL, SMALL_MODEL, sparseLearning } from '../dist/params/network-defaults.js';
import { readFlags } from '../scripts/flags.mjs';
import { loadDefaultDataset } from './default-dataset.mjs';
import { togetherSvg } from './together-svg.mjs';

const HELP = `Usage: node bench/together.mjs [--trainers 1,2,4,8] [--what alone,int8,sparse] [--outer 0.7:0.6,…] [--model default|small]
                               [--rounds 40] [--steps 20] [--batch 8] [--learning-rate 0.002] [--held-out 128] [--threads 2] [--seed 1]
                               [--output FOLDER]

Trains a model as a network does, with the production code for batches, updates and their merge (no blocks, no checks): in each round
every trainer takes --steps steps from the same start with its own moments, updates travel as int8 blocks or sparsely, and their mean moves
the model. alone: one trainer whose batch is as many times larger, for as many steps, by the same schedule (plain AdamW): equal tokens.
Prints the held-out loss after the last round. --outer: learning rate and momentum of the outer step, one run for each,
instead of a network's. --output writes together.json, together.md and together.svg; rows of earlier runs of the same setting stay.`;
/** A hundredth of f32's bytes to send. */
const SPARSE_GROUP = 16;
const KINDS = ['alone', 'int8', 'sparse'];
const values = readFlags(
  import.meta.url,
  {
    trainers: { type: 'string', default: '1,2,4,8' },
    what: { type: 'string', default: KINDS.join() },
    outer: { type: 'string' },
    model: { type: 'string', default: 'small' },
    rounds: { type: 'string', default: '40' },
    steps: { type: 'string', default: '20' },
    batch: { type: 'string', default: '8' },
    'learning-rate': { type: 'string', default: String(DEFAULT_LEARNING.learning_rate) },
    'held-out': { type: 'string', default: '128' },
    threads: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string' },
  },
  HELP,
);

await main();

async function main() {
  const model = { default: DEFAULT_MODEL, small: SMALL_MODEL }[values.model] ?? fail('--model is default or small');
  const dataset = await loadDefaultDataset(model);
  const learningRate = Number(values['learning-rate']);
  if (!(learningRate > 0)) fail(`--learning-rate takes a number above 0, not "${values['learning-rate']}"`);
  const setting = { model: values.model, rounds: positive('rounds'), steps: positive('steps'), batch: positive('batch'), learningRate };
  const run = {
    ...setting,
    model,
    dataset,
    seed: new Uint8Array(32).fill(positive('seed')),
    heldOut: heldOutBatch(dataset, model.context_length, positive('held-out')),
    backend: await selectBackend({ wanted: 'auto', threads: positive('threads') }),
  };
  const kinds = values.what.split(',').map((kind) => (KINDS.includes(kind) ? kind : fail(`--what takes ${KINDS.join()}, not "${kind}"`)));
  for (const text of values.trainers.split(',')) {
    const trainers = whole('--trainers', text);
    for (const kind of kinds) {
      for (const outer of outersOf(kind)) {
        const losses = kind === 'alone' ? trainAlone(run, trainers) : await trainTogether(run, trainers, kind, outer);
        const row = { kind, trainers, ...(outer === undefined ? {} : { outer: `${outer.learningRate}:${outer.momentum}` }), losses };
        console.log(`${trainers} × ${kind} ${row.outer ?? ''}: held-out ${losses.at(-1).toFixed(4)} after ${setting.rounds} rounds`);
        if (values.output !== undefined) await keep(values.output, { ...setting, parameters: run.parameters, seed: values.seed }, row);
      }
    }
  }
}

/** A network's rounds: held-out loss after each. */
async function trainTogether(run, trainers, kind, outer) {
  const { model, rounds, steps, batch, seed, dataset } = run;
  const learning = { ...learningOf(run, batch), ...(kind === 'sparse' ? sparseLearning(SPARSE_GROUP) : {}) };
  const engine = createTrainingEngine({ model, learning }, { backend: run.backend });
  const format = createUpdateFormat(learning, engine.layout.count);
  const weights = new Float32Array(engine.layout.count);
  initialiseWeights(model, seed, weights);
  const momentum = new Float32Array(weights.length);
  const tokens = new Int32Array(batch * (model.context_length + 1));
  let carried = [];
  const losses = [];
  for (let round = 0; round < rounds; round++) {
    const updates = [];
    // As in a network where every update is accepted.
    const before = carried;
    carried = [];
    for (let slot = 0; slot < trainers; slot++) {
      const beginning = format.begin(weights, before[slot]);
      loadStart(engine, beginning);
      for (let step = 0; step < steps; step++) {
        trainingBatch({ dataset, beacon: beaconOf(seed, round), slot, slotCapacity: steps * batch, step, batchSize: batch }, tokens);
        engine.step(tokens, {
          adamStep: beginning.moments === undefined ? step + 1 : Number.POSITIVE_INFINITY,
          learningRate: learningRateAt(round * steps + step, learning),
        });
      }
      const { firstMoment, secondMoment } = engine;
      const made = format.make(weights, { weights: engine.weights, firstMoment, secondMoment, step: steps }, before[slot]);
      updates.push(made.bytes);
      carried.push(made.carried);
    }
    const equal = updates.map(() => steps * batch);
    outerStep(weights, momentum, await mergeUpdates(weights.length, equal, async (i) => format.decode(updates[i])), outer);
    engine.weights.set(weights);
    losses.push(evaluate(engine, run));
    console.error(
      `${trainers} × ${kind} ${outer.learningRate}:${outer.momentum}, round ${round + 1}/${rounds}: ${losses.at(-1).toFixed(4)}`,
    );
  }
  engine.release();
  run.parameters = weights.length;
  return losses;
}

/** A network's defaults, and the whole of its schedule: warm-up, peak, decay to the last round. */
function learningOf({ rounds, steps, learningRate }, batch) {
  return { ...DEFAULT_LEARNING, batch_size: batch, learning_rate: learningRate, total_steps: rounds * steps };
}

/** One trainer with the large batch, moments kept: what the same tokens give without a network. */
function trainAlone(run, times) {
  const { model, rounds, steps, batch, seed, dataset } = run;
  const batchSize = batch * times;
  const learning = learningOf(run, batchSize);
  const engine = createTrainingEngine({ model, learning, microBatch: batch }, { backend: run.backend });
  initialiseWeights(model, seed, engine.weights);
  const tokens = new Int32Array(batchSize * (model.context_length + 1));
  const losses = [];
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < steps; step++) {
      trainingBatch({ dataset, beacon: beaconOf(seed, round), slot: 0, slotCapacity: steps * batchSize, step, batchSize }, tokens);
      const done = round * steps + step;
      engine.step(tokens, { adamStep: done + 1, learningRate: learningRateAt(done, learning) });
    }
    losses.push(evaluate(engine, run));
    console.error(`alone, batch ${batchSize}, round ${round + 1}/${rounds}: ${losses.at(-1).toFixed(4)}`);
  }
  run.parameters = engine.layout.count;
  engine.release();
  return losses;
}

/** Few sequences at once: the engine has room for the training batch. */
function evaluate(engine, { model, heldOut, batch }) {
  const row = model.context_length + 1;
  const sequences = heldOut.length / row;
  let sum = 0;
  for (let done = 0; done < sequences; done += batch) {
    const count = Math.min(batch, sequences - done);
    sum += engine.evaluate(heldOut.subarray(done * row, (done + count) * row)).loss * count;
  }
  return sum / sequences;
}

/** Adds a row to those of the same setting, and writes table and picture anew. */
async function keep(folder, setting, row) {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'together.json');
  const before = await readFile(path, 'utf8').then(JSON.parse, () => undefined);
  const isSame = before !== undefined && JSON.stringify(before.setting) === JSON.stringify(setting);
  const isOther = (other) => other.kind !== row.kind || other.trainers !== row.trainers || other.outer !== row.outer;
  const rows = [...(isSame ? before.rows.filter(isOther) : []), row].sort(
    (a, b) => a.trainers - b.trainers || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || String(a.outer).localeCompare(String(b.outer)),
  );
  await writeFile(path, `${JSON.stringify({ setting, rows })}\n`);
  await writeFile(join(folder, 'together.md'), tableOf(setting, rows));
  await writeFile(join(folder, 'together.svg'), togetherSvg(chartRows(rows)));
}

function tableOf({ model, parameters, rounds, steps, batch, learningRate, seed }, rows) {
  const aloneWith = (trainers) => rows.find((row) => row.kind === 'alone' && row.trainers === trainers)?.losses.at(-1);
  const lines = rows
    .filter(({ kind }) => kind !== 'alone')
    .map(({ kind, trainers, outer, losses }) => {
      const [last, alone] = [losses.at(-1), aloneWith(trainers)];
      const distance = alone === undefined ? '' : percent(last / alone - 1);
      return `| ${trainers} | ${kind} | ${outer.replace(':', ' : ')} | ${last.toFixed(4)} | ${alone?.toFixed(4) ?? ''} | ${distance} |`;
    });
  return `Made by \`node bench/together.mjs\`: the ${model} model (${parameters} parameters), ${rounds} rounds of ${steps} steps, batches of ${batch} sequences, learning rate ${learningRate}, seed ${seed}.

| trainers | updates | outer rate : momentum | held-out loss | one trainer, batch × trainers | distance |
|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

/** The picture shows the best outer setting for each number of trainers and kind of updates. */
function chartRows(rows) {
  const baselineOf = (trainers) => rows.find((row) => row.kind === 'alone' && row.trainers === trainers)?.losses;
  const best = new Map();
  for (const row of rows) {
    const other = best.get(`${row.trainers} ${row.kind}`);
    if (row.kind !== 'alone' && (other === undefined || row.losses.at(-1) < other.losses.at(-1)))
      best.set(`${row.trainers} ${row.kind}`, row);
  }
  return [...best.values()].map(({ kind, trainers, losses }) => ({
    trainers,
    kind,
    losses,
    baseline: kind === 'int8' ? baselineOf(trainers) : undefined,
  }));
}

/** Another assignment of data in each round. */
function beaconOf(seed, round) {
  const beacon = seed.slice();
  beacon[0] = round & 255;
  beacon[1] = round >> 8;
  return beacon;
}

/** Those asked for, else what a network of the kind has. */
function outersOf(kind) {
  if (kind === 'alone') return [undefined];
  if (values.outer !== undefined) return values.outer.split(',').map(outerOf);
  const learning = { ...DEFAULT_LEARNING, ...(kind === 'sparse' ? sparseLearning(SPARSE_GROUP) : {}) };
  return [{ learningRate: learning.outer_learning_rate, momentum: learning.outer_momentum }];
}

function outerOf(text) {
  const [learningRate, momentum] = text.split(':').map(Number);
  return Number.isFinite(learningRate) && Number.isFinite(momentum)
    ? { learningRate, momentum }
    : fail(`--outer "${text}": say RATE:MOMENTUM`);
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
