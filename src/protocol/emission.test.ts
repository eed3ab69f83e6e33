import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WEI_PER_GWEI, WEI_PER_POL } from '../primitives/units.ts';
import { authorityPart, authorityReward, bountyShare, emissionFactor, emissionOf, scaled, trainerRewards } from './emission.ts';

const rewards = {
  emission_per_round: (10n * WEI_PER_POL).toString(),
  halving_rounds: 100,
  trainer_percent: 70,
  authority_percent: 25,
  bounty_percent: 5,
  emission_floor_percent: 20,
  improvement_target_ppm: 1_000,
  gate_tolerance_ppm: 50_000,
  max_reward_per_token: WEI_PER_POL.toString(),
};

describe('emission', () => {
  it('halves by schedule, in whole gwei, down to nothing', () => {
    expect(emissionOf(0, rewards)).toBe(10n * WEI_PER_POL);
    expect(emissionOf(99, rewards)).toBe(10n * WEI_PER_POL);
    expect(emissionOf(100, rewards)).toBe(5n * WEI_PER_POL);
    expect(emissionOf(250, rewards)).toBe((5n * WEI_PER_POL) / 2n);
    // 10^10 gwei: 33 halvings leave one gwei, 34 none.
    expect(emissionOf(3300, rewards)).toBe(WEI_PER_GWEI);
    expect(emissionOf(3400, rewards)).toBe(0n);
    expect(emissionOf(Number.MAX_SAFE_INTEGER, rewards)).toBe(0n);
  });

  it('sums to less than twice its first period', () => {
    let sum = 0n;
    for (let period = 0; period < 40; period++) sum += 100n * emissionOf(100 * period, rewards);
    expect(sum).toBeLessThan(2n * 100n * 10n * WEI_PER_POL);
  });
});

describe('rewards', () => {
  it('are in proportion to tokens', () => {
    expect(trainerRewards([100, 300], 10n * WEI_PER_POL, rewards)).toEqual([(7n * WEI_PER_POL) / 4n, (21n * WEI_PER_POL) / 4n]);
    expect(trainerRewards([], 10n * WEI_PER_POL, rewards)).toEqual([]);
    expect(authorityReward(4, 10n * WEI_PER_POL, rewards)).toBe((25n * WEI_PER_POL) / 40n);
  });

  it('pay a token no more than its cap, and do not hand the rest to others', () => {
    const capped = { ...rewards, max_reward_per_token: WEI_PER_GWEI.toString() };
    expect(trainerRewards([100, 300], 10n * WEI_PER_POL, capped)).toEqual([100n * WEI_PER_GWEI, 300n * WEI_PER_GWEI]);
  });

  it('never sum to more than their shares, and are whole gwei', () => {
    const shares = fc
      .tuple(fc.nat(100), fc.nat(100))
      .filter(([trainer, authority]) => trainer + authority <= 100)
      .map(([trainer_percent, authority_percent]) => ({ ...rewards, trainer_percent, authority_percent }));
    const tokens = fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(
        shares,
        tokens,
        fc.integer({ min: 1, max: 100 }),
        fc.bigInt({ min: 0n, max: 10n ** 24n }),
        (table, each, seats, emission) => {
          const paid = trainerRewards(each, emission, table);
          const seat = authorityReward(seats, emission, table);
          const sum = paid.reduce((total, reward) => total + reward, seat * BigInt(seats));
          expect(sum <= emission).toBe(true);
          expect([...paid, seat].every((reward) => reward >= 0n && reward % WEI_PER_GWEI === 0n)).toBe(true);
        },
      ),
    );
  });
});

describe('the emission factor', () => {
  it('is whole at the first measurement, and the floor without one or without improvement', () => {
    expect(emissionFactor(undefined, 4, rewards)).toBe(1_000_000);
    expect(emissionFactor(undefined, undefined, rewards)).toBe(200_000);
    expect(emissionFactor(4, undefined, rewards)).toBe(200_000);
    expect(emissionFactor(4, 4, rewards)).toBe(200_000);
    expect(emissionFactor(4, 4.5, rewards)).toBe(200_000);
  });

  it('rises linearly to all of it at the target, and no further', () => {
    // 2^20 · 4 − 2^20 · 3.998046875 is 1/2048 of 2^22: 488 millionths of a target of 1000.
    expect(emissionFactor(4, 3.998046875, rewards)).toBe(200_000 + (800_000 * 488) / 1000);
    expect(emissionFactor(4, 3.99, rewards)).toBe(1_000_000);
    expect(emissionFactor(4, 1, rewards)).toBe(1_000_000);
  });

  it('is the same integer for every loss, between floor and whole', () => {
    const loss = fc.float({ min: 0, max: 1024, noNaN: true });
    fc.assert(
      fc.property(loss, loss, (best, now) => {
        const factor = emissionFactor(best, now, rewards);
        expect(Number.isInteger(factor) && factor >= 200_000 && factor <= 1_000_000).toBe(true);
        expect(scaled(10n * WEI_PER_POL, factor) % WEI_PER_GWEI).toBe(0n);
      }),
    );
  });
});

describe('an authority’s part and the pool', () => {
  it('pay for what was done of what was dealt', () => {
    expect(authorityPart(900n * WEI_PER_GWEI, 2, 3)).toBe(600n * WEI_PER_GWEI);
    expect(authorityPart(900n * WEI_PER_GWEI, 0, 3)).toBe(0n);
    expect(authorityPart(900n * WEI_PER_GWEI, 0, 0)).toBe(0n);
  });

  it('fill up to a hundred rounds of bounties', () => {
    const share = WEI_PER_POL / 2n;
    expect(bountyShare(0n, 10n * WEI_PER_POL, rewards)).toBe(share);
    expect(bountyShare(99n * share + 7n, 10n * WEI_PER_POL, rewards)).toBe(share - 7n);
    expect(bountyShare(100n * share, 10n * WEI_PER_POL, rewards)).toBe(0n);
  });
});
