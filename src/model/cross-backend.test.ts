import { describe, expect, test } from 'vitest';
import type { Backend } from '../numerics/backend.ts';
import { listBackends, selectBackend } from '../numerics/backends.ts';
import { createDecoder } from './decoder.ts';
import { exactnessCase } from './exactness-case.ts';
import { initialiseWeights } from './initialise.ts';
import { stateHash } from './test-hash.ts';
import { patternTokens } from './test-shapes.ts';
import { createTrainingEngine } from './training-engine.ts';
import type { TrainingMemoryOptions } from './training-plan.ts';

const { model, learning, seed, steps, learningRate } = exactnessCase;

/** Everything a run leaves behind: weights and moments, losses and norms, an evaluation, and logits from the decoder. */
function run(backend: Backend, memory: TrainingMemoryOptions = {}) {
  const engine = createTrainingEngine({ model, learning, ...memory }, { backend });
  initialiseWeights(model, seed, engine.weights);
  const results = [];
  for (let step = 1; step <= steps; step++) results.push(engine.step(exactnessCase.tokens(step), { adamStep: step, learningRate }));
  const evaluation = engine.evaluate(patternTokens(model, 3, 7));
  const decoder = createDecoder({ model, weights: engine.weights }, { backend });
  decoder.append([1, 2, 3]);
  const logits = [...decoder.append([36])];
  const outcome = { hash: stateHash(engine), results, evaluation, logits };
  decoder.release();
  engine.release();
  return outcome;
}

const compiled = listBackends().filter((name) => name !== 'reference');
const others = compiled.flatMap((name) => (name.startsWith('wasm') ? [1] : [1, 2]).map((threads) => [name, threads] as const));
const memories = [1, 2, 4, 8].flatMap((microBatch) => [false, true].map((checkpointing) => ({ microBatch, checkpointing })));

describe(`after ${steps} steps`, async () => {
  const expected = run(await selectBackend({ wanted: 'reference', threads: 1 }));

  test('the oracle has the weights, moments and losses it always had (golden value), and learned', () => {
    expect(expected.hash).toBe(exactnessCase.stateHash);
    expect(expected.results.at(-1)?.loss).toBeLessThan(0.8 * (expected.results[0]?.loss as number));
  });

  test.each(others)(
    '%s with %i thread(s) has the bits of the oracle, whatever the micro-batch and checkpointing',
    async (name, threads) => {
      const backend = await selectBackend({ wanted: name, threads });
      expect(run(backend)).toEqual(expected);
      for (const memory of memories) expect(run(backend, memory)).toEqual(expected);
      expect(run(backend, { microBatch: 3, checkpointing: true, logitRows: 5 })).toEqual(expected);
    },
  );
});
