import { it } from 'vitest';
import { createTrainingEngine } from '../model/training-engine.ts';
import { selectBackend } from '../numerics/backends.ts';
import { initialiseWeights } from '../model/initialise.ts';
import { testGenesis } from './test-network.ts';
it('times', async () => {
  const model = { ...testGenesis.model, layers: 4, dim: 128, heads: 4, kv_heads: 2, hidden_dim: 352, vocab_size: 4096, context_length: 128 };
  const backend = await selectBackend({ wanted: 'reference', threads: 1 });
  const engine = createTrainingEngine({ model, learning: { ...testGenesis.learning, batch_size: 1 } }, { backend });
  initialiseWeights(model, new Uint8Array(32), engine.weights);
  const tokens = Int32Array.from({ length: 129 }, (_, i) => (i * 31) % 4096);
  const s = performance.now();
  engine.step(tokens, { adamStep: 1, learningRate: 0.001 });
  console.log('reference step of 1 sequence ms:', performance.now() - s);
}, 120000);
