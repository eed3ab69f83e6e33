import { selectBackend } from '../numerics/backends.ts';
import { DEFAULT_LEARNING, DEFAULT_MODEL } from '../params/network-defaults.ts';
import { createTrainingEngine } from './training-engine.ts';

/** Rows of a probing step: small enough for a scalar machine to end it, large enough for blocked kernels. */
const PROBE_BATCH = 2;
const PROBE_MS = 1_000;
/** The first step fills caches and is not counted. */
const LEAST_STEPS = 2;

/** Speed of the default model on one thread of the fastest backend here, tokens a second; takes about a second. */
export async function measureTokensPerSecond(now: () => number): Promise<number> {
  const backend = await selectBackend({ wanted: 'auto', threads: 1 });
  const learning = { ...DEFAULT_LEARNING, batch_size: PROBE_BATCH, init_seed: `0x${'00'.repeat(32)}` };
  const engine = createTrainingEngine({ model: DEFAULT_MODEL, learning }, { backend });
  try {
    engine.weights.fill(0.01);
    const tokens = new Int32Array(PROBE_BATCH * (DEFAULT_MODEL.context_length + 1));
    engine.step(tokens, { adamStep: 1, learningRate: 0 });
    const startedAt = now();
    let steps = 0;
    while (steps < LEAST_STEPS || now() - startedAt < PROBE_MS) engine.step(tokens, { adamStep: ++steps, learningRate: 0 });
    return (steps * PROBE_BATCH * DEFAULT_MODEL.context_length * 1000) / (now() - startedAt);
  } finally {
    engine.release();
  }
}
