import { describe, expect, it } from 'vitest';
import { challengedSegments } from './challenges.ts';
import { addressNamed, named, testNetwork } from './testing/network.ts';

const { genesis } = testNetwork(1).context;
const trainer = addressNamed('trainer');
const withChallenges = (challenges_per_proof: number) => ({ rounds: { ...genesis.rounds, challenges_per_proof } });

/** Pearson's statistic of counts that should be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('challenged segments', () => {
  it('ascend, differ, lie within the proof, and end with the last one', () => {
    for (let segments = 1; segments <= 40; segments++) {
      for (const wanted of [2, 3, 7, 64]) {
        const drawn = challengedSegments(named('seed', segments), { trainer, segments }, withChallenges(wanted));
        expect(drawn).toHaveLength(Math.min(segments, wanted));
        expect(drawn).toEqual([...new Set(drawn)].sort((a, b) => a - b));
        expect(drawn.every((segment) => Number.isInteger(segment) && segment >= 0)).toBe(true);
        expect(drawn.at(-1)).toBe(segments - 1);
      }
    }
  });

  it('are all when there are no more', () => {
    expect(challengedSegments(named('seed', 0), { trainer, segments: 3 }, withChallenges(5))).toEqual([0, 1, 2]);
    expect(challengedSegments(named('seed', 0), { trainer, segments: 1 }, withChallenges(2))).toEqual([0]);
  });

  it('follow from seed and trainer alone', () => {
    const draw = (seed: number, who: string) =>
      challengedSegments(named('seed', seed), { trainer: addressNamed(who), segments: 1000 }, withChallenges(8));
    expect(draw(1, 'a')).toEqual(draw(1, 'a'));
    expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
    expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
  });

  it('hit each of the other segments equally often, and each pair too', () => {
    const segments = 7;
    const single = Array.from({ length: segments - 1 }, () => 0);
    const pairs = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const [a = 0, b = 0] = challengedSegments(named('uniform', i), { trainer, segments }, withChallenges(3));
      for (const segment of [a, b]) single[segment] = (single[segment] ?? 0) + 1;
      pairs.set(`${a} ${b}`, (pairs.get(`${a} ${b}`) ?? 0) + 1);
    }
    // 99.9 % quantiles for 5 and 14 degrees of freedom; the sample is fixed, so this never flickers.
    expect(chiSquare(single)).toBeLessThan(20.5);
    expect(pairs.size).toBe(15);
    expect(chiSquare([...pairs.values()])).toBeLessThan(36.1);
  });
});
