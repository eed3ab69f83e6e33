// What a segment's end costs its trainer: the root of the state, and the copy that is written while the next segment runs.

import { encodeState, stateByteLength, stateRoot } from '../dist/learning/state.js';
import { initialiseWeights } from '../dist/model/initialise.js';
import { createTrainingEngine } from '../dist/model/training-engine.js';
import { stepTokens } from './shapes.mjs';
import { fastest, row } from './timing.mjs';

const WIDTHS = [24, 8, 10, 10, 10, 12, 14];
const STEPS_PER_SEGMENT = 5;

export function benchmarkHashing(shapes, backends, { runs, seconds }) {
  row(WIDTHS, 'backend', 'model', 'root, ms', 'GB/s', 'copy, ms', 'segment, ms', 'of a segment');
  for (const shape of shapes) {
    for (const { label, backend } of backends) {
      const engine = createTrainingEngine({ model: shape.model, learning: shape.learning }, { backend });
      initialiseWeights(shape.model, new Uint8Array(32), engine.weights);
      const tokens = stepTokens(shape);
      let adamStep = 0;
      const step = fastest(() => engine.step(tokens, { adamStep: ++adamStep, learningRate: 1e-4 }), { runs, leastSeconds: seconds });
      const { weights, firstMoment, secondMoment, hashChunks } = engine;
      const state = { weights, firstMoment, secondMoment, step: adamStep };
      const bytes = new Uint8Array(stateByteLength(weights.length));
      const root = fastest(() => stateRoot(state, hashChunks), { runs, leastSeconds: seconds / 4 });
      const copy = fastest(() => encodeState(state, bytes), { runs, leastSeconds: seconds / 4 });
      engine.release();
      const segment = step * STEPS_PER_SEGMENT;
      const rate = bytes.length / root / 1e9;
      const share = `${((100 * (root + copy)) / segment).toFixed(2)} %`;
      row(WIDTHS, label, shape.name, ms(root), rate.toFixed(1), ms(copy), ms(segment), share);
    }
  }
}

const ms = (seconds) => (seconds * 1000).toFixed(1);
