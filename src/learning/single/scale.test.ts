import { describe, expect, test } from 'vitest';
import { DEFAULT_MODEL } from '../../params/network-defaults.ts';
import { trainingFlopsPerToken } from './arithmetic.ts';
import { chooseModelSize, defaultLearningRate, defaultSteps, defaultWarmup } from './scale.ts';

test('arithmetic is six operations a weight and token, and attention', () => {
  // Matrices: 4 layers of q and o 128², k and v 128·64, three of 128·352; the head 4096·128.
  const weights = 4 * (2 * 128 ** 2 + 2 * 128 * 64 + 3 * 128 * 352) + 4096 * 128;
  expect(trainingFlopsPerToken(DEFAULT_MODEL)).toBe(6 * (weights + 4 * 128 * 128));
});

describe('scale', () => {
  const facts = { flops: 100e9, textBytes: 1e12, fits: () => true };

  test('a machine four times as fast gets a model twice as large', () => {
    // √(1e11 · 0.5 · 28,800 / 120) = 3.46 million.
    expect(chooseModelSize(facts)).toBe(3_400_000);
    expect(chooseModelSize({ ...facts, flops: 400e9 })).toBe(6_900_000);
  });

  test('a short text and little memory limit it; nothing is below 100,000', () => {
    expect(chooseModelSize({ ...facts, textBytes: 10_800_000 })).toBe(610_000);
    expect(chooseModelSize({ ...facts, fits: (parameters) => parameters < 1_000_000 })).toBeLessThan(1_000_000);
    expect(chooseModelSize({ ...facts, textBytes: 10 })).toBe(100_000);
    expect(chooseModelSize({ ...facts, fits: () => false })).toBe(100_000);
  });

  test('steps: twenty tokens a parameter, four passes at most, a hundred at least', () => {
    expect(defaultSteps({ parameters: 1_000_000, trainingTokens: 1e9, tokensPerStep: 2000 })).toBe(10_000);
    expect(defaultSteps({ parameters: 1_000_000, trainingTokens: 1e6, tokensPerStep: 2000 })).toBe(2000);
    expect(defaultSteps({ parameters: 1_000_000, trainingTokens: 1e3, tokensPerStep: 2000 })).toBe(100);
  });

  test('learning rate and warm-up', () => {
    expect(defaultLearningRate(DEFAULT_MODEL)).toBe(0.002);
    expect(defaultLearningRate({ ...DEFAULT_MODEL, dim: 64 })).toBe(0.002);
    expect(defaultLearningRate({ ...DEFAULT_MODEL, dim: 768 })).toBe(0.00082);
    expect(defaultWarmup(5000)).toBe(100);
    expect(defaultWarmup(50)).toBe(5);
  });
});
