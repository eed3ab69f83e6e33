import { describe, expect, it } from 'vitest';
import { afterAbsence, afterFraud, afterUnavailability, FULL_REPUTATION, INITIAL_REPUTATION, raised } from './reputation.ts';

const repeated = (change: (reputation: number) => number, times: number, from: number) => {
  let reputation = from;
  for (let i = 0; i < times; i++) reputation = change(reputation);
  return reputation;
};

describe('reputation', () => {
  it('rises slowly towards one and never passes it', () => {
    expect(raised(INITIAL_REPUTATION)).toBe(525_000);
    expect(repeated(raised, 1000, 0)).toBeLessThanOrEqual(FULL_REPUTATION);
    expect(repeated(raised, 14, INITIAL_REPUTATION)).toBeGreaterThan(750_000);
    expect(raised(FULL_REPUTATION)).toBe(FULL_REPUTATION);
  });

  it('falls by absence, faster by unavailability, at once by fraud', () => {
    expect(afterAbsence(500_000)).toBe(475_000);
    expect(afterUnavailability(500_000)).toBe(350_000);
    expect(afterFraud()).toBe(0);
    expect(repeated(afterAbsence, 1000, FULL_REPUTATION)).toBeGreaterThanOrEqual(0);
  });
});
