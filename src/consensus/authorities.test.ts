import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasQuorum } from '../codec/quorum.ts';
import { hasOneHonest, proposerOf } from './authorities.ts';
import { testSigners } from './testing/fixtures.ts';

const AUTHORITIES = testSigners(5).map((signer) => signer.address);

it('gives each authority its turn, over heights and over rounds', () => {
  const overHeights = [10, 11, 12, 13, 14].map((height) => proposerOf(AUTHORITIES, height, 0));
  const overRounds = [0, 1, 2, 3, 4].map((round) => proposerOf(AUTHORITIES, 7, round));
  expect(new Set(overHeights)).toEqual(new Set(AUTHORITIES));
  expect(new Set(overRounds)).toEqual(new Set(AUTHORITIES));
  expect(() => proposerOf([], 1, 0)).toThrow(RangeError);
});

it('sees an honest one among more than one third, and the rest of a network cannot decide without it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(100), (authorities, count) => {
      if (!hasOneHonest(count, authorities)) return;
      expect(hasQuorum(authorities - count, authorities)).toBe(false);
    }),
  );
});
