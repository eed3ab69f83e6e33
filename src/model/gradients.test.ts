import { describe, expect, test } from 'vitest';
import { createReferenceBackend } from '../numerics/reference.ts';
import { initialiseWeights } from './initialise.ts';
import { parameterLayout } from './layout.ts';
import { referenceLoss } from './reference-model.ts';
import { patternTokens, tinyLearning, tinyModel } from './test-shapes.ts';
import { createTrainingEngine } from './training-engine.ts';

const backend = createReferenceBackend();
/** Rounding operands to 8 bits leaves the gradient this far, relative to each tensor's norm; a wrong or missing term is far beyond. */
const BF16_TOLERANCE = 0.06;
const SAMPLES_PER_TENSOR = 24;

/** With beta1 = 0 and no clipping the first moment after one step is the gradient itself. */
function engineGradient(tied: boolean) {
  const model = { ...tinyModel, tied_embeddings: tied };
  const learning = { ...tinyLearning, batch_size: 3, beta1: 0, clip_norm: 1e9 };
  const engine = createTrainingEngine({ model, learning, microBatch: 2 }, { backend });
  initialiseWeights(model, new Uint8Array(32).fill(7), engine.weights);
  // Norm weights away from 1 and residual projections as large as the others, so that no term hides.
  for (let i = 0; i < engine.weights.length; i++) engine.weights[i] = (engine.weights[i] as number) * (1.5 + (i % 5) / 8);
  const tokens = patternTokens(model, 3);
  const weights = Float64Array.from(engine.weights);
  const { loss, gradNorm } = engine.step(tokens, { adamStep: 1, learningRate: 0 });
  return { model, tokens, weights, loss, gradNorm, gradient: Float64Array.from(engine.firstMoment) };
}

describe.each([true, false])('tied head: %s', (tied) => {
  const { model, tokens, weights, loss, gradNorm, gradient } = engineGradient(tied);
  const { tensors } = parameterLayout(model);

  test('the loss is that of an independent f64 model', () => {
    expect(loss).toBeCloseTo(referenceLoss(model, weights, tokens), 2);
  });

  test('the reported norm is the norm of the gradient', () => {
    expect(gradNorm).toBeCloseTo(Math.hypot(...gradient), 4);
  });

  test.each(tensors.map((tensor) => [tensor.name, tensor] as const))(
    'gradient of %s agrees with central differences in f64',
    (_, tensor) => {
      const step = 1e-5;
      const difference = (indices: readonly number[], direction: (i: number) => number): number => {
        const moved = Float64Array.from(weights);
        for (const i of indices) moved[i] = (weights[i] as number) + step * direction(i);
        const above = referenceLoss(model, moved, tokens);
        for (const i of indices) moved[i] = (weights[i] as number) - step * direction(i);
        return (above - referenceLoss(model, moved, tokens)) / (2 * step);
      };
      const indices = Array.from({ length: tensor.length }, (_, i) => tensor.offset + i);

      // Single elements, the largest among them …
      const sampled = [...indices]
        .sort((a, b) => Math.abs(gradient[b] as number) - Math.abs(gradient[a] as number))
        .filter((_, rank) => rank < SAMPLES_PER_TENSOR / 2 || rank % Math.ceil(tensor.length / (SAMPLES_PER_TENSOR / 2)) === 0);
      const expected = sampled.map((i) => difference([i], () => 1));
      const error = Math.hypot(...sampled.map((i, s) => (gradient[i] as number) - (expected[s] as number)));
      expect(error / Math.hypot(...expected)).toBeLessThan(BF16_TOLERANCE);

      // … and all of them at once, along the gradient.
      const norm = Math.hypot(...indices.map((i) => gradient[i] as number));
      const slope = difference(indices, (i) => (gradient[i] as number) / norm);
      expect(Math.abs(slope / norm - 1)).toBeLessThan(BF16_TOLERANCE);
    },
  );
});
