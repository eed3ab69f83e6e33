import { describe, expect, it } from 'vitest';
import { sample } from './sampler.ts';

const logits = Float32Array.of(0, Math.log(3), Math.log(6), -1000);
const draws = (options: { temperature: number; topP: number }, count: number) => {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const token = sample(logits, { ...options, seed: 7 }, i);
    counts[token] = (counts[token] as number) + 1;
  }
  return counts;
};

describe('sample', () => {
  it('takes the most likely token at temperature 0, the lowest id of equals', () => {
    expect(sample(logits, { temperature: 0, topP: 1, seed: 1 }, 0)).toBe(2);
    expect(sample(Float32Array.of(1, 5, 5), { temperature: 0, topP: 1, seed: 1 }, 0)).toBe(1);
  });

  it('draws in proportion to the softmax', () => {
    const [a, b, c, never] = draws({ temperature: 1, topP: 1 }, 5000) as [number, number, number, number];
    // Expected 500, 1500, 3000 with standard deviations 21, 32, 35; five of them leave room for none but a wrong formula.
    expect(Math.abs(a - 500)).toBeLessThan(110);
    expect(Math.abs(b - 1500)).toBeLessThan(165);
    expect(Math.abs(c - 3000)).toBeLessThan(175);
    expect(never).toBe(0);
  });

  it('keeps to the nucleus', () => {
    expect(draws({ temperature: 1, topP: 0.5 }, 200)).toEqual([0, 0, 200, 0]);
    expect(draws({ temperature: 1, topP: 0.85 }, 200)[0]).toBe(0);
  });

  it('repeats for a seed and differs for another', () => {
    const run = (seed: number) => Array.from({ length: 40 }, (_, i) => sample(logits, { temperature: 1, topP: 1, seed }, i)).join('');
    expect(run(3)).toBe(run(3));
    expect(run(3)).not.toBe(run(4));
  });
});
