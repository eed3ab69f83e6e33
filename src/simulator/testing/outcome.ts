import { expect } from 'vitest';
import type { AdversaryKind } from '../adversary-kinds.ts';
import { createReport } from '../report.ts';
import { type NetworkSpec, runSeed } from '../spec.ts';
import { addRun, createTally } from '../tally.ts';

const SEEDS = 2;
const ROUNDS = 2;

/** What a kind of adversary comes to in a few seeded networks: four authorities and three trainers, itself among them, and no faults. */
export async function outcomeOf(kind: AdversaryKind, changes: Partial<NetworkSpec> & { readonly seeds?: number } = {}) {
  const { seeds = SEEDS, ...rest } = changes;
  const spec: NetworkSpec = {
    type: 'network',
    authorities: 4,
    trainers: 3,
    followers: 0,
    adversaries: [kind],
    rounds: ROUNDS,
    blocks: 0,
    faults: [],
    troubleMs: 0,
    checks: 2,
    segments: 12,
    ...rest,
  };
  const tally = createTally();
  for (let seed = 1; seed <= seeds; seed++) addRun(tally, await runSeed(spec, seed));
  const report = createReport(tally, { spec, seeds: { first: 1, last: seeds }, segmentPrice: 0.25, seconds: 1 });
  expect(report.safety).toMatchObject({ runsWithViolations: 0, violations: [], stalled: [] });
  const proofsOf = (name: string) => report.proofs.find((row) => row.kind === name);
  const nodesOf = (name: string) => report.nodes.find((row) => row.kind === name);
  return {
    report,
    note: (what: string) => report.notes[`${kind}: ${what}`] ?? 0,
    cheat: nodesOf(kind),
    cheatProofs: proofsOf(kind),
    trainer: nodesOf('honest trainer'),
    trainerProofs: proofsOf('honest trainer'),
    authority: nodesOf('honest authority'),
  };
}

/** Proofs of one trainer in the networks of a test. */
export const PROOFS = SEEDS * ROUNDS;
export const ALL_ACCEPTED = { rejected: 0, void: {} } as const;

/** Chance alone goes beyond this once in 16,000 times; the seeds are fixed, so that a pass stays one. */
const MOST_SIGMAS = 4;

/** The found share of a kind's proofs is what the formula expects of the same proofs, within what chance does. */
export function expectFoundAsExpected({ cheatProofs }: Pick<Awaited<ReturnType<typeof outcomeOf>>, 'cheatProofs'>): void {
  const { found, expected } = cheatProofs ?? {};
  if (found === undefined || expected === undefined) throw new Error('nothing was decided');
  expect(Math.abs(found.value - expected.value)).toBeLessThanOrEqual(MOST_SIGMAS * expected.error);
}
