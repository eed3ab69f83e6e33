import { describe, expect, test } from 'vitest';
import { selectBackend } from '../numerics/backends.ts';
import { isPolError } from '../primitives/errors.ts';
import { createDecoder } from './decoder.ts';
import { initialiseWeights } from './initialise.ts';
import { stateHash } from './test-hash.ts';
import { patternTokens, tinyLearning, tinyModel } from './test-shapes.ts';
import { createTrainingEngine, type TrainingEngineOptions } from './training-engine.ts';
import { trainingMemoryBytes } from './training-plan.ts';

// The fastest there is: cross-backend.test.ts shows that it has the oracle's bits.
const backend = await selectBackend({ wanted: 'auto', threads: 1 });
const seed = new Uint8Array(32).fill(1);

function engineFor(options: Partial<TrainingEngineOptions> = {}) {
  const model = options.model ?? tinyModel;
  const engine = createTrainingEngine({ learning: tinyLearning, ...options, model }, { backend });
  initialiseWeights(model, seed, engine.weights);
  return engine;
}

function train(options: Partial<TrainingEngineOptions>, steps: number) {
  const engine = engineFor(options);
  const results = [];
  for (let step = 1; step <= steps; step++) {
    const tokens = patternTokens(options.model ?? tinyModel, tinyLearning.batch_size, step);
    results.push(engine.step(tokens, { adamStep: step, learningRate: 0.01 }));
  }
  return { hash: stateHash(engine), results };
}

describe.each([true, false])('tied head: %s', (tied) => {
  const model = { ...tinyModel, tied_embeddings: tied };
  const whole = train({ model, microBatch: 8 }, 2);

  test.each([
    [1, false],
    [2, false],
    [3, false],
    [4, true],
    [8, true],
    [1, true],
  ])('micro-batch %i and checkpointing %s change no bit', (microBatch, checkpointing) => {
    expect(train({ model, microBatch, checkpointing }, 2)).toEqual(whole);
  });
});

test('the rows of logits computed at once change no bit', () => {
  const whole = train({}, 2);
  for (const logitRows of [1, 7, 16]) expect(train({ logitRows }, 2)).toEqual(whole);
});

describe('training', () => {
  test('learns a repeated batch', () => {
    const engine = engineFor();
    const tokens = patternTokens(tinyModel, tinyLearning.batch_size);
    const first = engine.step(tokens, { adamStep: 1, learningRate: 0.01 });
    expect(first.loss).toBeCloseTo(Math.log(tinyModel.vocab_size), 0);
    let last = first;
    for (let step = 2; step <= 16; step++) last = engine.step(tokens, { adamStep: step, learningRate: 0.02 });
    expect(last.loss).toBeLessThan(first.loss / 2);
    const { loss, accuracy } = engine.evaluate(tokens);
    expect(loss).toBeLessThan(last.loss);
    expect(accuracy).toBeGreaterThan(0.5);
  });

  test('evaluate changes nothing, takes any number of rows, and has the loss of a step', () => {
    const engine = engineFor({ microBatch: 3 });
    const tokens = patternTokens(tinyModel, tinyLearning.batch_size);
    const before = stateHash(engine);
    const { loss } = engine.evaluate(tokens);
    expect(stateHash(engine)).toBe(before);
    expect(Number.isFinite(engine.evaluate(patternTokens(tinyModel, 1)).loss)).toBe(true);
    expect(engine.step(tokens, { adamStep: 1, learningRate: 0.01 }).loss).toBe(loss);
  });

  test('accuracy and loss are those of the decoder', () => {
    const engine = engineFor();
    const tokens = patternTokens(tinyModel, 1);
    const decoder = createDecoder({ model: tinyModel, weights: engine.weights }, { backend });
    let sum = 0;
    let hits = 0;
    for (let i = 0; i < tinyModel.context_length; i++) {
      const logits = decoder.append([tokens[i] as number]);
      const target = tokens[i + 1] as number;
      sum += Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0)) - (logits[target] as number);
      if (logits.indexOf(Math.max(...logits)) === target) hits++;
    }
    const { loss, accuracy } = engine.evaluate(tokens);
    expect(loss).toBeCloseTo(sum / tinyModel.context_length, 5);
    expect(accuracy).toBeCloseTo(hits / tinyModel.context_length, 6);
  });

  test('clearing the moments starts the optimizer anew', () => {
    const engine = engineFor();
    const tokens = patternTokens(tinyModel, tinyLearning.batch_size);
    engine.step(tokens, { adamStep: 1, learningRate: 0 });
    engine.clearMoments();
    expect(engine.firstMoment.every((m) => m === 0) && engine.secondMoment.every((v) => v === 0)).toBe(true);
    engine.step(tokens, { adamStep: 1, learningRate: 0.01 });
    expect(stateHash(engine)).toBe(train({}, 1).hash);
  });

  test('clips: a lower limit scales the moments, and the norm is reported unclipped', () => {
    const tokens = patternTokens(tinyModel, tinyLearning.batch_size);
    const run = (clip_norm: number) => {
      const engine = engineFor({ learning: { ...tinyLearning, beta1: 0, clip_norm } });
      const { gradNorm } = engine.step(tokens, { adamStep: 1, learningRate: 0 });
      return { gradNorm, appliedNorm: Math.hypot(...engine.firstMoment) };
    };
    const free = run(1000);
    const clipped = run(free.gradNorm / 4);
    expect(free.appliedNorm).toBeCloseTo(free.gradNorm, 4);
    expect(clipped.gradNorm).toBe(free.gradNorm);
    expect(clipped.appliedNorm).toBeCloseTo(free.gradNorm / 4, 4);
  });

  test('decays matrices and leaves norms alone', () => {
    const learning = { ...tinyLearning, weight_decay: 0.5, clip_norm: 1e-30 };
    const engine = engineFor({ learning });
    const before = engine.weights.slice();
    engine.step(patternTokens(tinyModel, tinyLearning.batch_size), { adamStep: 1, learningRate: 0.1 });
    for (const { offset, decays } of engine.layout.tensors) {
      const ratio = (engine.weights[offset] as number) / (before[offset] as number);
      expect(ratio).toBeCloseTo(decays ? 0.95 : 1, 3);
    }
  });
});

describe('divergence', () => {
  const tokens = patternTokens(tinyModel, tinyLearning.batch_size);
  const diverged = expect.toSatisfy((error) => isPolError(error, 'MODEL_DIVERGED'));

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e30])('a weight of %s stops the step and the evaluation', (value) => {
    const engine = engineFor();
    engine.weights[0] = value;
    const batch = tokens.map((token, i) => (i === 0 ? 0 : token));
    expect(() => engine.step(batch, { adamStep: 1, learningRate: 0.01 })).toThrow(diverged);
    expect(() => engine.evaluate(batch)).toThrow(diverged);
  });

  test('a learning rate that throws weights out of range stops the step', () => {
    expect(() => engineFor().step(tokens, { adamStep: 1, learningRate: 1e30 })).toThrow(diverged);
  });

  test('good weights put back, the engine goes on as if nothing had happened', () => {
    const engine = engineFor();
    engine.weights.fill(Number.NaN);
    expect(() => engine.step(tokens, { adamStep: 1, learningRate: 0.01 })).toThrow(diverged);
    initialiseWeights(tinyModel, seed, engine.weights);
    engine.clearMoments();
    engine.step(patternTokens(tinyModel, tinyLearning.batch_size, 1), { adamStep: 1, learningRate: 0.01 });
    expect(stateHash(engine)).toBe(train({}, 1).hash);
  });
});

describe('wrong input', () => {
  const invalid = expect.toSatisfy((error) => isPolError(error, 'MODEL_INPUT_INVALID'));
  const options = { adamStep: 1, learningRate: 0.01 };

  test('is refused before anything is computed', () => {
    const engine = engineFor();
    const before = stateHash(engine);
    const good = patternTokens(tinyModel, tinyLearning.batch_size);
    expect(() => engine.step(good.subarray(1), options)).toThrow(invalid);
    expect(() => engine.step(patternTokens(tinyModel, 3), options)).toThrow(/batch_size = 8/);
    expect(() =>
      engine.step(
        good.map((t, i) => (i === 5 ? 37 : t)),
        options,
      ),
    ).toThrow(/token 37 at 5/);
    expect(() => engine.evaluate(good.map((t, i) => (i === 5 ? -1 : t)))).toThrow(invalid);
    expect(() => engine.evaluate(new Int32Array(0))).toThrow(invalid);
    expect(stateHash(engine)).toBe(before);
  });

  test.each([0, -1, 1.5, Number.NaN])('micro-batch %s is refused', (microBatch) => {
    expect(() => engineFor({ microBatch })).toThrow(invalid);
    expect(() => engineFor({ logitRows: microBatch })).toThrow(invalid);
  });
});

test('the memory formula is the arena', () => {
  const learning = { ...tinyLearning, batch_size: 64 };
  const { dim, hidden_dim: hidden, heads, vocab_size: vocab, context_length: context } = tinyModel;
  const parameters = 16 * engineFor().layout.count + 4 * vocab * dim;
  const perToken = 4 * (2 * (5 * dim + 2 * (dim / 2) + 3 * hidden + 2 * heads) + (2 + 5) * dim + 2 * (dim / 2) + hidden + vocab);
  const bytes = trainingMemoryBytes(tinyModel, learning, { microBatch: 64 });
  expect(bytes / (parameters + 64 * context * perToken)).toBeCloseTo(1, 1);
});

test('the memory formula falls with checkpointing and smaller micro-batches', () => {
  const bytes = (microBatch: number, checkpointing: boolean) => {
    return trainingMemoryBytes({ ...tinyModel, layers: 8 }, tinyLearning, { microBatch, checkpointing });
  };
  expect(bytes(8, true)).toBeLessThan(bytes(8, false));
  expect(bytes(2, false)).toBeLessThan(bytes(8, false));
});
