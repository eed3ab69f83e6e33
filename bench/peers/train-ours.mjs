// Training steps of our engine in turns, timed: the other side of bench/compare.mjs. Same protocol as train_torch.py.
//   echo '{"seconds": 2}' | node bench/peers/train-ours.mjs '{"model": {…}, "learning": {…}, "threads": 1, "backend": "auto"}'

import { createInterface } from 'node:readline';
import { initialiseWeights } from '../../dist/model/initialise.js';
import { createTrainingEngine } from '../../dist/model/training-engine.js';
import { selectBackend } from '../../dist/numerics/backends.js';
import { stepTokens } from '../shapes.mjs';

const { model, learning, threads, backend: wanted } = JSON.parse(process.argv[2]);
const backend = await selectBackend({ wanted, threads });
const engine = createTrainingEngine({ model, learning }, { backend });
initialiseWeights(model, new Uint8Array(32), engine.weights);
const tokens = stepTokens({ model, learning });
let adamStep = 0;

/** Seconds on the clock and of processor time (all threads). */
function timedStep() {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  engine.step(tokens, { adamStep: ++adamStep, learningRate: learning.learning_rate });
  const { user, system } = process.cpuUsage(cpuStart);
  return [(performance.now() - start) / 1000, (user + system) / 1e6];
}

function turn({ seconds }) {
  const steps = [];
  for (let total = 0; total < seconds; total += steps.at(-1)[0]) steps.push(timedStep());
  return { steps };
}

timedStep();
console.log(JSON.stringify({ version: backend.name }));
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(turn(JSON.parse(line))));
engine.release();
