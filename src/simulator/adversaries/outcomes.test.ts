import { describe, expect, it } from 'vitest';
import type { AdversaryKind } from '../adversary-kinds.ts';
import { createReport } from '../report.ts';
import { runSeed, type ScenarioSpec } from '../spec.ts';
import { addRun, createTally } from '../tally.ts';

/** What each adversary comes to under the rules of today. Where a rule against it is missing, that is what is asserted. */

const TIMEOUT_MS = 300_000;
const SEEDS = 3;

async function outcomeOf(kind: AdversaryKind, changes: Partial<ScenarioSpec> & { readonly seeds?: number } = {}) {
  const { seeds = SEEDS, ...rest } = changes;
  const spec: ScenarioSpec = {
    authorities: 4,
    trainers: 3,
    followers: 0,
    adversaries: [kind],
    rounds: 2,
    blocks: 0,
    faults: [],
    troubleMs: 0,
    challenges: 3,
    segments: 12,
    ...rest,
  };
  const tally = createTally();
  for (let seed = 1; seed <= seeds; seed++) addRun(tally, await runSeed(spec, seed), spec.challenges);
  const report = createReport(tally, { spec, seeds: { first: 1, last: seeds }, segmentPrice: 0.25, seconds: 1 });
  expect(report.safety).toMatchObject({ runsWithViolations: 0, violations: [], stalled: [], forks: 0, honestProofsRejected: 0 });
  const proofsOf = (name: string) => report.proofs.find((row) => row.kind === name);
  const nodesOf = (name: string) => report.nodes.find((row) => row.kind === name);
  const note = (what: string) => report.notes[`${kind}: ${what}`] ?? 0;
  return {
    report,
    note,
    cheat: nodesOf(kind),
    cheatProofs: proofsOf(kind),
    trainer: nodesOf('honest trainer'),
    trainerProofs: proofsOf('honest trainer'),
    authority: nodesOf('honest authority'),
  };
}

describe('cheating trainers', () => {
  it(
    'interpolator: found as often as the formula says, and earns less than honest work',
    async () => {
      const { cheat, cheatProofs, trainer } = await outcomeOf('interpolator', { seeds: 8 });
      const { found, expected } = cheatProofs ?? {};
      if (found === undefined || expected === undefined) throw new Error('nothing was decided');
      expect(Math.abs(found.value - expected.value)).toBeLessThan(4 * expected.error);
      expect(cheat?.profit).toBeLessThan(trainer?.profit ?? 0);
    },
    TIMEOUT_MS,
  );

  it(
    'wrong-data: always found, for it is wrong in the last segment too',
    async () => {
      const { cheat, cheatProofs } = await outcomeOf('wrong-data');
      expect(cheatProofs).toMatchObject({ accepted: 0, rejected: 2 * SEEDS, found: { value: 1 } });
      expect(cheat?.coins).toBe(0);
      expect(cheat?.profit).toBeLessThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    'copier: its leaves open, and are found to be of other data',
    async () => {
      const { cheat, cheatProofs, note } = await outcomeOf('copier');
      expect(note('proofs copied')).toBeGreaterThan(0);
      expect(cheatProofs).toMatchObject({ accepted: 0 });
      expect(cheatProofs?.rejected).toBeGreaterThan(0);
      expect(cheat?.coins).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    'replayer: is paid for the one round it trained, and no operation gets into a second block',
    async () => {
      const { cheatProofs, note } = await outcomeOf('replayer', { rounds: 3 });
      expect(note('operations repeated')).toBeGreaterThan(0);
      // The old leaves are bound to the old round: they open nothing, which costs no more than reputation today.
      expect(cheatProofs).toMatchObject({ accepted: SEEDS, rejected: 0, void: 2 * SEEDS });
    },
    TIMEOUT_MS,
  );

  it(
    'sybil: NOT stopped today: places cost nothing, so one machine holds most of them and has honest proofs go unchecked',
    async () => {
      const { report, trainerProofs } = await outcomeOf('sybil', { trainers: 4, rounds: 3 });
      expect(report.seats.sybil).toBeGreaterThan(0.5);
      expect(trainerProofs?.void).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    'data-grinder: gets the slot it wants no oftener than by chance',
    async () => {
      const { note } = await outcomeOf('data-grinder', { seeds: 16, authorities: 1, trainers: 3, rounds: 5 });
      const rounds = note('rounds with a ground address');
      const chance = note('first slots by chance') / rounds;
      expect(rounds).toBeGreaterThan(30);
      expect(Math.abs(note('first slots got') / rounds - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / rounds));
    },
    TIMEOUT_MS,
  );

  it(
    'state-withholder: is not paid, and nobody else suffers',
    async () => {
      const { cheat, cheatProofs, trainerProofs, report } = await outcomeOf('state-withholder');
      expect(cheatProofs).toMatchObject({ accepted: 0, rejected: 0, void: 2 * SEEDS });
      expect(cheat?.coins).toBe(0);
      expect(trainerProofs).toMatchObject({ void: 0 });
      expect(report.safety.honestVotesUnpaid).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    'selective-server: NOT stopped today: it is paid, and the authority it starves loses its pay for an honest vote',
    async () => {
      const { cheatProofs, report } = await outcomeOf('selective-server');
      expect(cheatProofs).toMatchObject({ accepted: 2 * SEEDS });
      expect(report.safety).toMatchObject({ honestVotes: 2 * SEEDS * 4, honestVotesUnpaid: 2 * SEEDS });
    },
    TIMEOUT_MS,
  );

  it(
    'flooder: stops neither blocks nor proofs; it holds places, which cost nothing today',
    async () => {
      const { trainerProofs, note, report } = await outcomeOf('flooder');
      expect(note('messages of a flood')).toBeGreaterThan(1_000);
      expect(trainerProofs).toMatchObject({ accepted: 2 * 2 * SEEDS, void: 0 });
      expect(report.finality?.median).toBeLessThan(1_000);
      expect(report.seats.flooder).toBeGreaterThan(0.1);
    },
    TIMEOUT_MS,
  );
});

describe('faulty authorities', () => {
  it(
    'lazy-authority: NOT caught today: it copies the verdicts others show, is paid like them, and executes nothing',
    async () => {
      const { cheat, authority, note } = await outcomeOf('lazy-authority');
      expect(note('votes copied')).toBeGreaterThan(0);
      expect(cheat).toMatchObject({ segmentsChecked: 0, coins: authority?.coins });
      expect(authority?.segmentsChecked).toBeGreaterThan(0);
      expect(cheat?.profit).toBeGreaterThan(authority?.profit ?? 0);
    },
    TIMEOUT_MS,
  );

  it(
    'lazy-authority beside a cheat: copies the right verdict too, so that laziness shows nowhere',
    async () => {
      const { cheat, authority, report } = await outcomeOf('lazy-authority', { adversaries: ['lazy-authority', 'wrong-data'] });
      expect(report.proofs.find(({ kind }) => kind === 'wrong-data')).toMatchObject({ accepted: 0, rejected: 2 * SEEDS });
      expect(cheat?.coins).toBe(authority?.coins);
    },
    TIMEOUT_MS,
  );

  it(
    'false-accuser: convicts nobody, and is not paid',
    async () => {
      const { cheat, trainerProofs } = await outcomeOf('false-accuser');
      expect(trainerProofs).toMatchObject({ rejected: 0, void: 0, accepted: 3 * 2 * SEEDS });
      expect(cheat?.coins).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    'preimage-withholder: draws go on without it; NOT punished today',
    async () => {
      const { cheat, authority, trainerProofs, note } = await outcomeOf('preimage-withholder');
      expect(note('preimages withheld')).toBeGreaterThan(0);
      expect(trainerProofs).toMatchObject({ void: 0, accepted: 3 * 2 * SEEDS });
      expect(cheat?.coins).toBe(authority?.coins);
    },
    TIMEOUT_MS,
  );

  it.each(['equivocator', 'double-voter'] as const)(
    '%s: seen and harmless; NOT punished today',
    async (kind) => {
      const { cheat, authority, report, trainerProofs } = await outcomeOf(kind);
      expect(report.safety.evidence).toBeGreaterThan(0);
      expect(trainerProofs).toMatchObject({ rejected: 0 });
      expect(cheat?.coins).toBe(authority?.coins);
    },
    TIMEOUT_MS,
  );

  it(
    'silent: is not paid, and the other three of four decide',
    async () => {
      const { cheat, trainerProofs } = await outcomeOf('silent');
      expect(cheat?.coins).toBe(0);
      expect(trainerProofs).toMatchObject({ accepted: 3 * 2 * SEEDS });
    },
    TIMEOUT_MS,
  );
});
