import { describe, expect, it } from 'vitest';
import { hasQuorum, quorumOf } from './quorum.ts';

describe('quorum', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 4],
    [6, 5],
    [7, 5],
    [9, 7],
    [10, 7],
    [97, 65],
    [99, 67],
    [100, 67],
  ])('of %i authorities is %i', (authorities, votes) => {
    expect(quorumOf(authorities)).toBe(votes);
    expect(hasQuorum(votes, authorities)).toBe(true);
    expect(hasQuorum(votes - 1, authorities)).toBe(false);
  });

  it('is 67 % and more than two thirds, and two of them share more than one third', () => {
    for (let authorities = 1; authorities <= 500; authorities++) {
      const votes = quorumOf(authorities);
      expect(votes).toBeLessThanOrEqual(authorities);
      expect(100 * votes >= 67 * authorities && 3 * votes > 2 * authorities).toBe(true);
      expect(hasQuorum(votes - 1, authorities)).toBe(false);
      expect(3 * (2 * votes - authorities)).toBeGreaterThan(authorities);
    }
  });

  it('is never had by nobody', () => {
    expect(hasQuorum(0, 0)).toBe(false);
    expect(hasQuorum(0, 4)).toBe(false);
  });
});
