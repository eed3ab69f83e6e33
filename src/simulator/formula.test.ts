import { expect, it } from 'vitest';
import { escapeProbability } from './formula.ts';

it('is C(n − m, Q) / C(n, Q)', () => {
  // 35 / 120: three of seven right ones out of three of ten.
  expect(escapeProbability(10, 3, 3)).toBeCloseTo(35 / 120, 12);
  expect(escapeProbability(10, 0, 3)).toBe(1);
  expect(escapeProbability(10, 8, 3)).toBe(0);
  expect(escapeProbability(10, 1, 0)).toBe(1);
  expect(escapeProbability(3, 1, 9)).toBe(0);
  expect(escapeProbability(1_000, 10, 100)).toBeCloseTo(0.346928, 5);
});
