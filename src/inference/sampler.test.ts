import { describe, expect, it } from 'vitest';
import { createSampler, type SamplerOptions } from './sampler.ts';
import { PLAIN } from './testing/jobs.ts';

const logits = Float32Array.of(0, Math.log(3), Math.log(6), -1000);
const base: SamplerOptions = { ...PLAIN, seed: 7 };
const draws = (options: Partial<SamplerOptions>, count: number, from = logits) => {
  const counts = Array<number>(from.length).fill(0);
  for (let seed = 0; seed < count; seed++) {
    const token = createSampler({ ...base, seed, ...options }, []).choose(from.slice(), undefined);
    counts[token] = (counts[token] as number) + 1;
  }
  return counts;
};
const run = (options: Partial<SamplerOptions>, count = 40, prompt: readonly number[] = []) => {
  const sampler = createSampler({ ...base, ...options }, prompt);
  return Array.from({ length: count }, () => sampler.choose(logits.slice(), undefined));
};

describe('createSampler', () => {
  it('takes the most likely token at temperature 0, the lowest id of equals', () => {
    expect(run({ temperature: 0 }, 1)).toEqual([2]);
    expect(draws({ temperature: 0 }, 1, Float32Array.of(1, 5, 5))).toEqual([0, 1, 0]);
  });

  it('draws in proportion to the softmax', () => {
    const [a, b, c, never] = draws({}, 5000) as [number, number, number, number];
    // Expected 500, 1500, 3000 with standard deviations 21, 32, 35; five of them leave room for none but a wrong formula.
    expect(Math.abs(a - 500)).toBeLessThan(110);
    expect(Math.abs(b - 1500)).toBeLessThan(165);
    expect(Math.abs(c - 3000)).toBeLessThan(175);
    expect(never).toBe(0);
  });

  it('keeps to the nucleus, the likeliest, and the least relative probability', () => {
    expect(draws({ topP: 0.5 }, 200)).toEqual([0, 0, 200, 0]);
    expect(draws({ topP: 0.85 }, 200)[0]).toBe(0);
    expect(draws({ topK: 1 }, 200)).toEqual([0, 0, 200, 0]);
    expect(draws({ topK: 2 }, 200)[0]).toBe(0);
    expect(draws({ minP: 0.4 }, 200)[0]).toBe(0);
    expect(draws({ minP: 0.6 }, 200)).toEqual([0, 0, 200, 0]);
  });

  it('finds the same nucleus however small the weights in it are', () => {
    // 5,000 tokens of equal, tiny weight: the nucleus reaches below every floor that is looked at first.
    const flat = Float32Array.from({ length: 5001 }, (_, i) => (i === 0 ? 0 : -12));
    const counts = draws({ topP: 0.99 }, 300, flat);
    expect(counts[0]).toBeGreaterThan(280);
    const wide = Float32Array.from({ length: 5001 }, () => 0);
    expect(draws({ topP: 0.01 }, 300, wide).findLastIndex((count) => count > 0)).toBeLessThan(51);
  });

  it('repeats for a seed and differs for another, and for another choice', () => {
    expect(run({ seed: 3 })).toEqual(run({ seed: 3 }));
    expect(run({ seed: 3 })).not.toEqual(run({ seed: 4 }));
    expect(run({ seed: 3 })).not.toEqual(run({ seed: 3, choice: 1 }));
  });

  it('penalises what stands in the answer, or in the prompt too, and adds biases', () => {
    // log 6 − 1 < log 3; then both are penalised and the first is ahead again.
    expect(run({ temperature: 0, presencePenalty: 1 }, 3)).toEqual([2, 1, 2]);
    expect(run({ temperature: 0, frequencyPenalty: 0.6 }, 5)).toEqual([2, 2, 1, 2, 1]);
    expect(run({ temperature: 0, repetitionPenalty: 4 }, 1, [2])).toEqual([1]);
    expect(run({ temperature: 0, logitBias: [[0, 100]] }, 2)).toEqual([0, 0]);
    expect(run({ temperature: 0, logitBias: [[2, -100]] }, 1)).toEqual([1]);
  });

  it('chooses among what a mask allows', () => {
    const mask = { bits: Uint32Array.of(0b1001), count: 2 };
    expect(createSampler({ ...base, temperature: 0 }, []).choose(logits.slice(), mask)).toBe(0);
    for (let seed = 0; seed < 50; seed++) expect(createSampler({ ...base, seed }, []).choose(logits.slice(), mask)).not.toBe(1);
  });
});
