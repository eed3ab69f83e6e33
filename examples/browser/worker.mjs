// The Worker: trains until it is terminated, and reports each step. With a bundler, import from 'pol-node/browser'.
import { createTrainingEngine, initialiseWeights, learningRateAt, loadWasmBackend } from '../../dist/browser.js';

const model = {
  layers: 4,
  dim: 128,
  heads: 4,
  kv_heads: 4,
  hidden_dim: 352,
  context_length: 128,
  vocab_size: 4096,
  tied_embeddings: true,
  rope_theta: 10_000,
  norm_eps: 1e-5,
};
const learning = {
  batch_size: 16,
  learning_rate: 1e-3,
  warmup_steps: 20,
  total_steps: 1_000_000,
  decay_fraction: 0,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weight_decay: 0.1,
  clip_norm: 1,
  outer_learning_rate: 0.7,
  outer_momentum: 0.9,
  init_seed: `0x${'00'.repeat(32)}`,
};

/** A rule to learn: each sequence counts upward from a random token, by a random stride of 1 to 8. */
function batch() {
  const width = model.context_length + 1;
  const tokens = new Int32Array(learning.batch_size * width);
  for (let row = 0; row < learning.batch_size; row++) {
    const start = Math.floor(Math.random() * model.vocab_size);
    const stride = 1 + Math.floor(Math.random() * 8);
    for (let i = 0; i < width; i++) tokens[row * width + i] = (start + i * stride) % model.vocab_size;
  }
  return tokens;
}

try {
  const engine = createTrainingEngine({ model, learning }, { backend: await loadWasmBackend() });
  initialiseWeights(model, new Uint8Array(32), engine.weights);
  const tokensOfStep = learning.batch_size * model.context_length;
  for (let step = 1; ; step++) {
    const start = performance.now();
    const { loss } = engine.step(batch(), { adamStep: step, learningRate: learningRateAt(step - 1, learning) });
    postMessage({ step, loss, tokensPerSecond: (tokensOfStep * 1000) / (performance.now() - start) });
  }
} catch (error) {
  postMessage({ error: String(error) });
}
