import { expect, it } from 'vitest';
import { createRandom } from './random.ts';

it('gives the same values for the same seed, on any machine', () => {
  const draw = (seed: string) => Array.from({ length: 4 }, createRandom(seed).next);
  expect(draw('a')).toEqual(draw('a'));
  expect(draw('a')).not.toEqual(draw('b'));
  expect(createRandom('golden').integer(2 ** 32)).toBe(894_227_474);
});

it('forks into sources that do not disturb each other', () => {
  const one = createRandom('x');
  const two = createRandom('x');
  two.fork('other').next();
  expect(two.next()).toBe(one.next());
  expect(createRandom('x').fork('a').next()).not.toBe(createRandom('x').fork('b').next());
});

it('is even enough: each tenth gets its share, and a shuffle keeps all', () => {
  const random = createRandom('even');
  const counts = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    const tenth = random.integer(10);
    counts.set(tenth, (counts.get(tenth) ?? 0) + 1);
  }
  for (const count of counts.values()) expect(Math.abs(count - 2_000)).toBeLessThan(250);
  expect(counts.size).toBe(10);
  expect(random.shuffle([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
  expect(() => random.pick([])).toThrow(RangeError);
});
