import { describe, expect, it } from 'vitest';
import { MAX_FINDINGS } from '../codec/limits.ts';
import { toHex } from '../primitives/bytes.ts';
import { type Draw, dealTo, drawSegments, isObligatory } from './draw.ts';
import { addressNamed, named, proof, testNetwork, trainersNamed } from './testing/network.ts';

const network = testNetwork(4);
const seats = network.authorities.map(({ address }) => address);
const trainers = trainersNamed(8);

/** A sealed round of proofs with so many segments each. */
function round(segments: readonly number[], probation: readonly number[] = [], checksPerAuthority = 2) {
  const proofs = segments.map((count, i) => proof(network, trainers[i] ?? addressNamed(`more ${i}`), 1, count));
  return { proofs, probation: probation.map((i) => trainers[i] ?? addressNamed('none')), checksPerAuthority };
}

const hands = (draw: Draw) => [...draw.dealt.values()];
const timesDealt = (draw: Draw, at: number) => hands(draw).filter((hand) => hand.includes(at)).length;

describe('the public draw', () => {
  it('deals each obligatory segment to two authorities: last ones, and all of a trainer on probation', () => {
    const sealed = round([3, 5, 4], [1]);
    const draw = drawSegments(sealed, named('seed', 1), seats);
    const obligatory = draw.obligatory.map((at) => draw.segments[at]);
    expect(obligatory).toEqual([
      { proof: 0, segment: 2 },
      ...[0, 1, 2, 3, 4].map((segment) => ({ proof: 1, segment })),
      { proof: 2, segment: 3 },
    ]);
    for (const at of draw.obligatory) expect(timesDealt(draw, at)).toBe(2);
    for (const [at, ref] of draw.segments.entries()) expect(isObligatory(sealed, ref)).toBe(draw.obligatory.includes(at));
  });

  it('deals obligatory ones to whoever there is', () => {
    const alone = drawSegments(round([3, 5]), named('seed', 1), seats.slice(0, 1));
    expect(alone.obligatory.map((at) => timesDealt(alone, at))).toEqual([1, 1]);
    const none = drawSegments(round([3, 5]), named('seed', 1), []);
    expect(hands(none)).toEqual([]);
  });

  it('compares everybody with everybody in time', () => {
    const pairs = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const draw = drawSegments(round([1, 1, 1, 1, 1, 1]), named('seed', seed), seats);
      for (const at of draw.obligatory) {
        const holders = [...draw.dealt].filter(([, hand]) => hand.includes(at)).map(([address]) => address);
        pairs.add(holders.sort().join());
      }
    }
    expect(pairs.size).toBe(6);
  });

  it('gives each authority its checks, none twice before all are covered', () => {
    const draw = drawSegments(round([9, 9, 9], [], 4), named('seed', 2), seats);
    expect(draw.checks).toBe(4);
    const others = hands(draw).map((hand) => hand.filter((at) => !draw.obligatory.includes(at)));
    expect(others.map((hand) => hand.length)).toEqual([4, 4, 4, 4]);
    expect(new Set(others.flat()).size).toBe(16);
  });

  it('covers everything when asked to, with no more work than that', () => {
    const draw = drawSegments(round([9, 9, 9], [], 500), named('seed', 3), seats);
    expect(draw.checks).toBe(6);
    expect(draw.segments.every((_, at) => timesDealt(draw, at) > 0)).toBe(true);
  });

  it('lists each hand ascending and each segment once in it', () => {
    for (let seed = 0; seed < 30; seed++) {
      const draw = drawSegments(round([seed + 1, 2, 7], [2], seed % 9), named('seed', seed), seats);
      for (const hand of hands(draw)) expect(hand).toEqual([...new Set(hand)].sort((a, b) => a - b));
    }
  });

  it('follows from seed, proofs and seats alone', () => {
    const draw = (seed: number) => hands(drawSegments(round([20, 20]), named('seed', seed), seats));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('never deals more than a vote can hold', () => {
    const segments = Array.from({ length: 900 }, () => 2);
    const draw = drawSegments(round(segments, [], 10_000), named('seed', 4), seats.slice(0, 2));
    for (const hand of hands(draw)) expect(hand.length).toBe(MAX_FINDINGS - 1);
    const [authority] = seats;
    expect(dealTo(draw, authority ?? addressNamed('none'), named('secret', 1)).length).toBeLessThanOrEqual(MAX_FINDINGS);
  });
});

describe('the secret segment', () => {
  const draw = drawSegments(round([4, 4, 4]), named('seed', 5), seats);
  const [authority] = seats as [Uint8Array];
  const open = draw.dealt.get(toHex(authority)) ?? [];

  it('is one that was not dealt to the authority, each equally often', () => {
    const counts = new Map<string, number>();
    const rounds = 4000;
    for (let i = 0; i < rounds; i++) {
      const dealt = dealTo(draw, authority, named('secret', i));
      expect(dealt).toHaveLength(open.length + 1);
      expect(dealt.slice(0, -1)).toEqual(open.map((at) => draw.segments[at]));
      const { proof: at, segment } = dealt.at(-1) ?? { proof: -1, segment: -1 };
      expect(open).not.toContain(at * 4 + segment);
      counts.set(`${at} ${segment}`, (counts.get(`${at} ${segment}`) ?? 0) + 1);
    }
    const expected = rounds / (draw.segments.length - open.length);
    expect(counts.size).toBe(draw.segments.length - open.length);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 99.9 % quantile for at most 8 degrees of freedom; the sample is fixed, so this never flickers.
    expect(chiSquare).toBeLessThan(26.1);
  });

  it('is nobody’s without a seat, and none when everything was dealt', () => {
    expect(dealTo(draw, addressNamed('stranger'), named('secret', 1))).toEqual([]);
    const all = drawSegments(round([2], [0]), named('seed', 6), seats.slice(0, 1));
    expect(dealTo(all, authority, named('secret', 1))).toHaveLength(2);
  });
});

/** n choose k. */
function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 0; i < k; i++) result = (result * (n - i)) / (i + 1);
  return result;
}

describe('forged segments', () => {
  it.each([
    [40, 1, 2],
    [40, 3, 3],
    [60, 6, 2],
  ])('of %i with %i forged and %i checks for each authority escape as often as C(n−m, Q)/C(n, Q) says', (n, forged, checks) => {
    // All but the last segment of one proof are drawn freely; the forger forges none that is always checked.
    const sealed = round([n + 1], [], checks);
    const seeds = 3000;
    let escaped = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const draw = drawSegments(sealed, named('escape', seed), seats);
      const drawn = new Set(hands(draw).flat());
      if (Array.from({ length: forged }, (_, i) => i * 5).every((at) => !drawn.has(at))) escaped++;
    }
    const draws = checks * seats.length;
    const probability = choose(n - forged, draws) / choose(n, draws);
    const deviation = Math.sqrt((probability * (1 - probability)) / seeds);
    expect(Math.abs(escaped / seeds - probability)).toBeLessThan(3.3 * deviation);
  });
});
