import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { biasCorrection } from './optimiser.ts';
import { learningRateAt } from './schedule.ts';
import { tinyLearning } from './test-shapes.ts';

const learning = { ...tinyLearning, learning_rate: 0.004, warmup_steps: 10, total_steps: 100, decay_fraction: 0.2 };

describe('learning rate', () => {
  test.each([
    ['first step', 0, 0.0004],
    ['middle of the warm-up', 4, 0.002],
    ['end of the warm-up', 9, 0.004],
    ['stable part', 10, 0.004],
    ['start of the decay', 80, 0.004],
    ['middle of the decay', 90, 0.0022],
    ['end of the run', 100, 0.0004],
    ['after the run', 10_000, 0.0004],
  ])('%s (step %i) is %f', (_, step, expected) => {
    expect(learningRateAt(step, learning)).toBeCloseTo(expected, 8);
  });

  test('is an f32 above 0, never above the peak, and never rises after the warm-up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (warmup_steps, total_steps, decay_fraction) => {
          const schedule = { ...learning, warmup_steps, total_steps, decay_fraction };
          const rates = Array.from({ length: 320 }, (_, step) => learningRateAt(step, schedule));
          expect(rates.every((rate) => rate === Math.fround(rate) && rate > 0 && rate <= Math.fround(0.004))).toBe(true);
          const after = rates.slice(warmup_steps);
          expect(after.every((rate, i) => i === 0 || rate <= (after[i - 1] as number))).toBe(true);
        },
      ),
    );
  });

  test('stays at the peak for ever without decay', () => {
    expect(learningRateAt(1_000_000, { ...learning, decay_fraction: 0 })).toBe(Math.fround(0.004));
  });
});

test('bias corrections are 1 / (1 − beta^t), and 1 in the long run', () => {
  for (const [beta, step] of [
    [0.9, 1],
    [0.9, 7],
    [0.95, 50],
    [0.999, 300],
  ] as const) {
    expect(biasCorrection(Math.fround(beta), step) / (1 / (1 - beta ** step))).toBeCloseTo(1, 3);
  }
  expect(biasCorrection(Math.fround(0.9), 1_000_000)).toBe(1);
  expect(biasCorrection(0, 1)).toBe(1);
});
