import { describe, expect, test } from 'vitest';
import { listBackends, selectBackend } from '../numerics/backends.ts';
import { createDecoder } from './decoder.ts';
import { initialiseWeights } from './initialise.ts';
import { patternTokens, stateHash, tinyLearning, tinyModel } from './test-shapes.ts';
import { createTrainingEngine, type TrainingEngineOptions } from './training-engine.ts';

const STEPS = 20;
/** Tails in every dimension that may have one: vocabulary, context, heads of 8, three query heads a key head. */
const model = { ...tinyModel, vocab_size: 61, dim: 48, heads: 6, kv_heads: 2, hidden_dim: 80, context_length: 11 };
const learning = { ...tinyLearning, batch_size: 2 };

/** Everything a run leaves behind: weights and moments, losses and norms, an evaluation, and logits from the decoder. */
async function run(name: string, threads: number, options: Partial<TrainingEngineOptions> = {}) {
  const backend = await selectBackend({ wanted: name, threads });
  const engine = createTrainingEngine({ model, learning, ...options }, { backend });
  initialiseWeights(model, new Uint8Array(32).fill(5), engine.weights);
  const results = [];
  for (let step = 1; step <= STEPS; step++) {
    results.push(engine.step(patternTokens(model, learning.batch_size, step), { adamStep: step, learningRate: 0.003 }));
  }
  const evaluation = engine.evaluate(patternTokens(model, 3, 7));
  const decoder = createDecoder({ model, weights: engine.weights }, { backend });
  decoder.append([1, 2, 3, 4, 5]);
  const logits = [...decoder.append([60])];
  const outcome = { hash: stateHash(engine), results, evaluation, logits };
  decoder.release();
  engine.release();
  return outcome;
}

const native = listBackends().filter((name) => name.startsWith('native-'));
const others = [
  ...listBackends()
    .filter((name) => name !== 'reference')
    .map((name) => [name, 1] as const),
  ...native.map((name) => [name, 2] as const),
];

describe(`after ${STEPS} steps`, async () => {
  const expected = await run('reference', 1);

  test('the oracle has the weights, moments and losses it always had (golden values)', () => {
    expect(expected.hash).toMatchInlineSnapshot(`"f2a9c8428195c8975ea62f70186af048d33cf4b1bb054f27ec3363e62c267c98"`);
    expect(expected.results.at(-1)?.loss).toBeLessThan(expected.results[0]?.loss as number);
  });

  test.each(others)('%s with %i thread(s) has the same bits as the oracle', async (name, threads) => {
    expect(await run(name, threads)).toEqual(expected);
  });

  test.each(others)('%s with %i thread(s): micro-batch and checkpointing change no bit', async (name, threads) => {
    expect(await run(name, threads, { microBatch: 1, checkpointing: true, logitRows: 3 })).toEqual(expected);
  });
});
