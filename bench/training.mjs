// Full training steps (forward, backward, AdamW): tokens a second, and where the time of one goes.

import { initialiseWeights } from '../dist/model/initialise.js';
import { createTrainingEngine } from '../dist/model/training-engine.js';
import { stepTokens } from './shapes.mjs';
import { fastest, row } from './timing.mjs';

const TRAINING_WIDTHS = [24, 8, 12, 12];
const KERNEL_WIDTHS = [40, 8, 10, 10];
const MODES = ['NN', 'NT', 'TN'];

function createEngine(shape, backend) {
  const engine = createTrainingEngine({ model: shape.model, learning: shape.learning }, { backend });
  initialiseWeights(shape.model, new Uint8Array(32), engine.weights);
  const tokens = stepTokens(shape);
  let adamStep = 0;
  return {
    step: () => engine.step(tokens, { adamStep: ++adamStep, learningRate: 1e-4 }),
    tokens: shape.learning.batch_size * shape.model.context_length,
    release: () => engine.release(),
  };
}

export function benchmarkTraining(shapes, backends, { runs, seconds }) {
  row(TRAINING_WIDTHS, 'backend', 'model', 'ms a step', 'tokens/s');
  for (const shape of shapes) {
    for (const { label, backend } of backends) {
      const engine = createEngine(shape, backend);
      const time = fastest(engine.step, { runs, leastSeconds: seconds });
      engine.release();
      row(TRAINING_WIDTHS, label, shape.name, (time * 1000).toFixed(1), Math.round(engine.tokens / time));
    }
  }
}

/** Time of each kernel in one step, the least of several steps for each. */
export function benchmarkKernels(shape, { label, backend }, { runs }) {
  const calls = new Map();
  const engine = createEngine(shape, instrumented(backend, calls));
  const best = new Map();
  for (let i = 0; i < runs; i++) {
    calls.clear();
    engine.step();
    for (const [name, { seconds, count, operations }] of calls) {
      if (seconds < (best.get(name)?.seconds ?? Number.POSITIVE_INFINITY)) best.set(name, { seconds, count, operations });
    }
  }
  engine.release();
  console.log(`  ${label}, ${shape.name}:`);
  row(KERNEL_WIDTHS, 'kernel', 'calls', 'ms', 'GFLOP/s');
  let total = 0;
  for (const [name, { seconds, count, operations }] of [...best].sort((x, y) => y[1].seconds - x[1].seconds)) {
    total += seconds;
    row(KERNEL_WIDTHS, name, count, (seconds * 1000).toFixed(2), operations === 0 ? '' : (operations / seconds / 1e9).toFixed(1));
  }
  row(KERNEL_WIDTHS, 'sum', '', (total * 1000).toFixed(2), '');
}

/** The backend, its kernels' calls timed. */
function instrumented(backend, calls) {
  return {
    ...backend,
    createArena(words) {
      const arena = backend.createArena(words);
      const kernels = Object.fromEntries(Object.entries(arena.kernels).map(([name, kernel]) => [name, timed(name, kernel, calls)]));
      return { ...arena, kernels };
    },
  };
}

function timed(name, kernel, calls) {
  return (...values) => {
    const start = performance.now();
    const result = kernel(...values);
    const seconds = (performance.now() - start) / 1000;
    const [mode, m, n, k] = values;
    const product = name === 'matmul';
    const key = product ? `matmul ${MODES[mode]} ${m}x${n}x${k}` : name;
    const entry = calls.get(key) ?? { seconds: 0, count: 0, operations: 0 };
    entry.seconds += seconds;
    entry.count++;
    if (product) entry.operations += 2 * m * n * k;
    calls.set(key, entry);
    return result;
  };
}
