import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createReferenceBackend } from '../numerics/reference.ts';
import type { LearningConfig, ModelConfig } from '../params/genesis.ts';
import { createDecoder } from './decoder.ts';
import { learningRateAt } from './schedule.ts';
import { createTrainingEngine } from './training-engine.ts';
import type { StepResult } from './types.ts';

/** What PyTorch computed with one arithmetic, written by bench/peers/make_fixture.py. */
interface PeerResult {
  /** At the initial weights, on the first batch. */
  readonly loss: number;
  readonly gradient_norm: number;
  readonly tensor_norms: Readonly<Record<string, number>>;
  /** Of each of the training steps. */
  readonly losses: readonly number[];
  readonly gradient_norms: readonly number[];
}

interface Fixture {
  readonly model: ModelConfig;
  readonly learning: LearningConfig;
  readonly learning_rates: readonly number[];
  /** [steps][batch_size · (context_length + 1)] */
  readonly tokens: readonly (readonly number[])[];
  readonly results: Readonly<Record<'tied' | 'untied', Readonly<Record<Arithmetic, PeerResult>>>>;
}

/**
 * "rounded" emulates our arithmetic in PyTorch: operands of every matrix product rounded to bf16, sums in f32. What is left are the order
 * of f32 sums, and exp and rsqrt: some 1e-7, which the next rounding to bf16 wipes out. Only a value next to a rounding boundary falls to
 * the other side, by 2^-8 of itself: a few at the initial weights, more in each later step, and they add up.
 * "f32" is PyTorch as it is: every operand of ours is up to 2^-9 away, through two layers forth and back.
 */
type Arithmetic = 'rounded' | 'f32';

/** Bounds on the relative distance (L2, over a tensor): two to ten times the largest seen. */
const BOUNDS = {
  rounded: { loss: 1e-6, logits: 1e-6, gradient: 2e-5, earlyLoss: 2e-5, earlyNorm: 4e-4, laterLoss: 2e-3, laterNorm: 2e-2 },
  f32: { loss: 2e-3, logits: 2e-2, gradient: 5e-2, earlyLoss: 1e-2, earlyNorm: 1e-2, laterLoss: 4e-3, laterNorm: 5e-2 },
} as const;
const EARLY_STEPS = 2;

const ARITHMETICS: readonly Arithmetic[] = ['rounded', 'f32'];
const directory = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', 'test', 'vectors', 'pytorch');
const fixture = JSON.parse(readFileSync(path.join(directory, 'fixture.json'), 'utf8')) as Fixture;
const weights = readWords('weights.f32');
const [firstBatch = []] = fixture.tokens;
const backend = createReferenceBackend();

function readWords(name: string): Float32Array {
  const bytes = readFileSync(path.join(directory, name));
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

/** |actual − expected| / |expected| in the L2 norm. */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  const difference = Array.from(actual, (value, i) => value - (expected[i] as number));
  return Math.hypot(...difference) / Math.hypot(...Array.from(expected));
}

function createEngine(tied: boolean, learning: Partial<LearningConfig> = {}) {
  const model = { ...fixture.model, tied_embeddings: tied };
  const engine = createTrainingEngine({ model, learning: { ...fixture.learning, ...learning }, microBatch: 3 }, { backend });
  engine.weights.set(weights.subarray(0, engine.layout.count));
  return engine;
}

/** With beta1 = 0 and no clipping the first moment after one step is the gradient itself, to the bit. */
function gradient(tied: boolean) {
  const engine = createEngine(tied, { beta1: 0, clip_norm: 1e9 });
  const { loss, gradNorm } = engine.step(Int32Array.from(firstBatch), { adamStep: 1, learningRate: 0 });
  const tensors = engine.layout.tensors.map(({ name, offset, length }) => ({
    name,
    offset,
    values: engine.firstMoment.slice(offset, offset + length),
  }));
  return { loss, gradNorm, tensors };
}

/** Logits of all positions of the first batch, [batch_size · context_length, vocab_size]. */
function logits(): number[] {
  const { context_length: context } = fixture.model;
  const decoder = createDecoder({ model: fixture.model, weights }, { backend });
  const out: number[] = [];
  for (let row = 0; row < firstBatch.length; row += context + 1) {
    decoder.reset();
    for (const token of firstBatch.slice(row, row + context)) out.push(...decoder.append([token]));
  }
  return out;
}

function train(tied: boolean) {
  const engine = createEngine(tied);
  return fixture.tokens.map((tokens, step) =>
    engine.step(Int32Array.from(tokens), { adamStep: step + 1, learningRate: learningRateAt(step, fixture.learning) }),
  );
}

function expectSameRun(run: readonly StepResult[], peer: PeerResult, bounds: (typeof BOUNDS)[Arithmetic]): void {
  run.forEach(({ loss, gradNorm }, step) => {
    const early = step < EARLY_STEPS;
    const [lossBound, normBound] = early ? [bounds.earlyLoss, bounds.earlyNorm] : [bounds.laterLoss, bounds.laterNorm];
    expect(distance([loss], [peer.losses[step] as number]), `loss of step ${step}`).toBeLessThan(lossBound);
    expect(distance([gradNorm], [peer.gradient_norms[step] as number]), `gradient norm of step ${step}`).toBeLessThan(normBound);
  });
}

test('the schedule is the one PyTorch trained with', () => {
  expect(fixture.tokens.map((_, step) => learningRateAt(step, fixture.learning))).toEqual(fixture.learning_rates.map(Math.fround));
});

describe('untied head', () => {
  const ours = gradient(false);
  const ourLogits = logits();
  const run = train(false);

  describe.each(ARITHMETICS)('against PyTorch, %s', (arithmetic) => {
    const peer = fixture.results.untied[arithmetic];
    const bounds = BOUNDS[arithmetic];
    const gradients = readWords(`gradients-${arithmetic}.f32`);

    test('logits', () => {
      expect(distance(ourLogits, readWords(`logits-${arithmetic}.f32`))).toBeLessThan(bounds.logits);
    });

    test('loss and gradient norm', () => {
      expect(distance([ours.loss], [peer.loss])).toBeLessThan(bounds.loss);
      expect(distance([ours.gradNorm], [peer.gradient_norm])).toBeLessThan(bounds.gradient);
    });

    test.each(ours.tensors)('gradient of $name', ({ values, offset }) => {
      expect(distance(values, gradients.subarray(offset, offset + values.length))).toBeLessThan(bounds.gradient);
    });

    test('losses and gradient norms of ten AdamW steps', () => expectSameRun(run, peer, bounds));
  });

  test('the run is clipped in some steps and not in others', () => {
    const clipped = run.filter(({ gradNorm }) => gradNorm > fixture.learning.clip_norm).length;
    expect(clipped).toBeGreaterThan(0);
    expect(clipped).toBeLessThan(run.length);
  });
});

describe('tied head', () => {
  const ours = gradient(true);
  const run = train(true);

  describe.each(ARITHMETICS)('against PyTorch, %s', (arithmetic) => {
    const peer = fixture.results.tied[arithmetic];
    const bounds = BOUNDS[arithmetic];

    test('loss, and the norm of every gradient', () => {
      expect(distance([ours.loss], [peer.loss])).toBeLessThan(bounds.loss);
      expect(ours.tensors.map(({ name }) => name)).toEqual(Object.keys(peer.tensor_norms));
      for (const { name, values } of ours.tensors) {
        expect(distance([Math.hypot(...values)], [peer.tensor_norms[name] as number]), name).toBeLessThan(bounds.gradient);
      }
    });

    test('losses and gradient norms of ten AdamW steps', () => expectSameRun(run, peer, bounds));
  });

  test('gradient of the embedding, which is also the head', () => {
    const [embedding] = ours.tensors;
    expect(distance(embedding?.values ?? [], readWords('tied-embedding-gradient-rounded.f32'))).toBeLessThan(BOUNDS.rounded.gradient);
  });
});
