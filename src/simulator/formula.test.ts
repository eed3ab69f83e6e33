import { expect, it } from 'vitest';
import { passProbability, passProbabilityWithLast } from './formula.ts';

it('is the hypergeometric chance of drawing no forged segment', () => {
  // C(9, 3) / C(12, 3) = 84 / 220.
  expect(passProbability(12, 3, 3)).toBeCloseTo(84 / 220, 12);
  expect(passProbability(12, 0, 3)).toBe(1);
  expect(passProbability(12, 10, 3)).toBe(0);
});

it('draws from the others when the last is always checked', () => {
  // C(8, 2) / C(11, 2) = 28 / 55.
  expect(passProbabilityWithLast(12, 3, false, 3)).toBeCloseTo(28 / 55, 12);
  expect(passProbabilityWithLast(12, 1, true, 3)).toBe(0);
  expect(passProbabilityWithLast(3, 1, false, 3)).toBe(0);
  expect(passProbabilityWithLast(3, 0, false, 3)).toBe(1);
});
