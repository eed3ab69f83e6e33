// Training steps of our engine in turns, timed: the other side of bench/compare.mjs. Same protocol as train_torch.py.
//   echo '{"seconds": 2}' | node bench/peers/train-ours.mjs '{"model": {…}, "learning": {…}, "threads": 1, "backend": "auto"}'

import { initialiseWeights } from '../../dist/model/initialise.js';
import { createTrainingEngine } from '../../dist/model/training-engine.js';
import { listBackends, selectBackend } from '../../dist/numerics/backends.js';
import { stepTokens } from '../shapes.mjs';
import { answerTurns } from './answer-turns.mjs';

const { model, learning, threads, backend: wanted } = JSON.parse(process.argv[2]);
const backend = await selectBackend({
  wanted: wanted === 'wasm' ? listBackends().find((name) => name.startsWith('wasm')) : wanted,
  threads,
});
const engine = createTrainingEngine({ model, learning }, { backend });
initialiseWeights(model, new Uint8Array(32), engine.weights);
const tokens = stepTokens({ model, learning });
let adamStep = 0;

const step = () => engine.step(tokens, { adamStep: ++adamStep, learningRate: learning.learning_rate }).loss;

await answerTurns(step, { version: backend.name });
engine.release();
