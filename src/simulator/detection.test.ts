import { describe, expect, it } from 'vitest';
import { dealTo, drawSegments } from '../protocol/draw.ts';
import { named, proof, testNetwork, trainersNamed } from '../protocol/testing/network.ts';
import type { CastVote, SealedRound } from '../protocol/types.ts';
import { adversaryOf } from './adversaries/all.ts';
import { escapeOf, escapeProbability } from './formula.ts';
import { runScenario } from './scenario.ts';

/** Chance alone goes beyond this once in 16,000 times; the seeds are fixed, so that a pass stays one. */
const MOST_SIGMAS = 4;

const network = testNetwork(7);
const seats = network.authorities.map(({ address }) => address);

describe('forged segments of one proof among three, over a thousand draws with their secret segments', () => {
  const SEEDS = 1_000;
  it.each([
    { forged: 1, checks: 2, honest: 7 },
    { forged: 2, checks: 3, honest: 5 },
    { forged: 5, checks: 2, honest: 7 },
    { forged: 3, checks: 8, honest: 7 },
    { forged: 4, checks: 4, honest: 5 },
  ])('$forged forged, $checks drawn for each of seven authorities, $honest of them honest', ({ forged, checks, honest }) => {
    const proofs = trainersNamed(3).map((trainer) => proof(network, trainer, 1, 32));
    const sealed = { proofs, probation: [], checksPerAuthority: checks } as unknown as SealedRound;
    const places = Array.from({ length: forged }, (_, i) => i * 6);
    const free = 3 * 31;
    let escaped = 0;
    let escapedPublicly = 0;
    let expected = 0;
    let variance = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const draw = drawSegments(sealed, named('detection', seed), seats);
      const votes = seats
        .slice(0, honest)
        .map((authority, i) => ({ authority, secretPreimage: named('secret', seed * 10 + i) }) as CastVote);
      const isForged = (each: { readonly proof: number; readonly segment: number }) => each.proof === 1 && places.includes(each.segment);
      const chance = escapeOf(sealed, draw, 1, places, votes);
      expected += chance;
      variance += chance * (1 - chance);
      if (!votes.some(({ authority, secretPreimage }) => dealTo(draw, authority, secretPreimage).some(isForged))) escaped++;
      const open = votes.flatMap(({ authority, secretPreimage }) => dealTo(draw, authority, secretPreimage).slice(0, -1));
      if (!open.some(isForged)) escapedPublicly++;
    }
    expect(Math.abs(escaped - expected)).toBeLessThan(MOST_SIGMAS * Math.sqrt(variance));
    // The public draw alone is C(n − m, Q) / C(n, Q), Q being the honest ones' positions.
    const formula = escapeProbability(free, forged, honest * checks);
    expect(Math.abs(escapedPublicly / SEEDS - formula)).toBeLessThan(MOST_SIGMAS * Math.sqrt((formula * (1 - formula)) / SEEDS));
  });
});

it('is what the formula says in whole networks too, votes, disputes and all', async () => {
  let rejected = 0;
  let expected = 0;
  let variance = 0;
  for (let i = 0; i < 60; i++) {
    const adversaries = [adversaryOf('interpolator')];
    const run = await runScenario({ seed: `detection ${i}`, authorities: 1, trainers: 1, adversaries, rounds: 1, blocksPerRound: 12 });
    expect(run).toMatchObject({ violations: [], live: true });
    for (const { outcome, escapeChance } of run.proofs) {
      if (escapeChance === undefined || outcome === 'pending') continue;
      rejected += outcome === 'rejected' ? 1 : 0;
      expected += 1 - escapeChance;
      variance += escapeChance * (1 - escapeChance);
    }
  }
  expect(expected).toBeGreaterThan(10);
  expect(Math.abs(rejected - expected)).toBeLessThan(MOST_SIGMAS * Math.sqrt(variance));
}, 300_000);
