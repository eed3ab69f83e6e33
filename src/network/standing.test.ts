import { describe, expect, it } from 'vitest';
import { FOREIGN_REFUSAL_MS, MAX_STANDINGS, PENALTY_HALF_LIFE_MS, REFUSAL_MS, REFUSAL_POINTS } from './limits.ts';
import { createStanding } from './standing.ts';
import { createManualClock } from './testing/test-network.ts';
import { createTokenBucket } from './token-bucket.ts';

describe('standing', () => {
  it('falls with penalties, recovers with time, and refuses at the bottom for a while', () => {
    const clock = createManualClock();
    const standing = createStanding(clock);
    expect(standing.penalise('a', 60)).toBe(false);
    clock.advance(PENALTY_HALF_LIFE_MS);
    expect(standing.points('a')).toBeCloseTo(30);
    expect(standing.penalise('a', 70)).toBe(true);
    expect(standing.isRefused('a')).toBe(true);
    // Told once.
    expect(standing.penalise('a', 70)).toBe(false);
    clock.advance(REFUSAL_MS);
    expect(standing.isRefused('a')).toBe(false);
    // Still remembered: the next offence weighs more.
    expect(standing.points('a')).toBeGreaterThan(0);
    expect(standing.points('b')).toBe(0);
  });

  it('refuses without points who is only of no use', () => {
    const clock = createManualClock();
    const standing = createStanding(clock);
    standing.refuse('a', FOREIGN_REFUSAL_MS);
    expect(standing.isRefused('a')).toBe(true);
    expect(standing.points('a')).toBe(0);
    clock.advance(FOREIGN_REFUSAL_MS);
    expect(standing.isRefused('a')).toBe(false);
  });

  it('does not grow with free identities, nor forget the worst for them', () => {
    const standing = createStanding(createManualClock());
    standing.penalise('worst', REFUSAL_POINTS);
    for (let i = 0; i < MAX_STANDINGS + 10; i++) standing.penalise(`sybil ${i}`, 1);
    expect(standing.isRefused('worst')).toBe(true);
  });
});

describe('a token bucket', () => {
  it('gives its burst at once and its rate afterwards', () => {
    const clock = createManualClock();
    const bucket = createTokenBucket({ perSecond: 10, burst: 3 }, clock);
    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, false]);
    clock.advance(100);
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    clock.advance(60_000);
    expect(bucket.take(3)).toBe(true);
    expect(bucket.take()).toBe(false);
    // A clock set back takes nothing away and gives nothing.
    clock.advance(-60_000);
    expect(bucket.take()).toBe(false);
  });
});
