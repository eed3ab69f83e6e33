import { describe, expect, it } from 'vitest';
import type { AdversaryKind } from '../adversary-kinds.ts';
import { ALL_ACCEPTED, expectFoundAsExpected, outcomeOf, PROOFS } from '../testing/outcome.ts';

/** What each cheating trainer comes to: caught, harmless, or bounded (docs/threat-model.md). Whatever it does, no rule of safety.ts is broken. */

const TIMEOUT_MS = 300_000;
const MORE_SEEDS = 6;
const cases = (...kinds: readonly AdversaryKind[]) => kinds;

describe('caught', () => {
  it.each(cases('wrong-data', 'slow-learner', 'update-forger'))(
    '%s: always, for the last segment is always checked; it loses all of its stake in two rounds',
    async (kind) => {
      const { cheat, cheatProofs, trainerProofs } = await outcomeOf(kind);
      expect(cheatProofs).toMatchObject({ accepted: 0, rejected: PROOFS, found: { value: 1 }, expected: { value: 1 } });
      expect(cheat).toMatchObject({ coins: 0, slashed: 50 });
      expect(trainerProofs).toMatchObject({ accepted: 2 * PROOFS, ...ALL_ACCEPTED });
    },
    TIMEOUT_MS,
  );

  it(
    'update-copier: as soon as there is something to copy',
    async () => {
      const { cheatProofs, note, cheat } = await outcomeOf('update-copier');
      expect(note('updates copied')).toBeGreaterThan(0);
      expect(cheatProofs).toMatchObject({ accepted: PROOFS / 2, rejected: PROOFS / 2 });
      expect(cheat?.profit).toBeLessThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    'copier: its leaves open, and re-execute to something else',
    async () => {
      const { cheat, cheatProofs, note } = await outcomeOf('copier');
      expect(note('proofs copied')).toBeGreaterThan(0);
      expect(cheatProofs).toMatchObject({ accepted: 0, rejected: PROOFS });
      expect(cheat).toMatchObject({ coins: 0, slashed: 50 });
    },
    TIMEOUT_MS,
  );

  it.each(cases('interpolator', 'least-forger', 'moment-crafter', 'bit-flip'))(
    '%s: as often as the formula says, and it pays more than it gets',
    async (kind) => {
      const outcome = await outcomeOf(kind, { seeds: MORE_SEEDS });
      expectFoundAsExpected(outcome);
      expect(outcome.cheatProofs?.rejected).toBeGreaterThan(0);
      expect(outcome.cheat?.profit).toBeLessThan(0);
      expect(outcome.trainerProofs).toMatchObject(ALL_ACCEPTED);
    },
    TIMEOUT_MS,
  );
});

describe('harmless', () => {
  it.each(cases('root-copier', 'foreign-prover', 'state-withholder', 'path-forger'))(
    '%s: what does not open is void, unpaid and not slashed, and nobody else suffers',
    async (kind) => {
      const { cheat, cheatProofs, trainerProofs, report } = await outcomeOf(kind);
      expect(cheatProofs).toMatchObject({ accepted: 0, rejected: 0, void: { unavailable: PROOFS } });
      expect(cheat).toMatchObject({ coins: 0, slashed: 0 });
      expect(trainerProofs).toMatchObject({ accepted: 2 * PROOFS, ...ALL_ACCEPTED });
      expect(report.safety.honestVotesUnpaid).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    'replayer: is paid for the one round it trained, and no operation gets into a second block',
    async () => {
      const { cheatProofs, note } = await outcomeOf('replayer', { rounds: 3 });
      expect(note('operations repeated')).toBeGreaterThan(0);
      expect(cheatProofs).toMatchObject({ accepted: PROOFS / 2, rejected: 0, void: { unavailable: PROOFS } });
    },
    TIMEOUT_MS,
  );

  it(
    'weight-jumper: found when drawn, and kept out by the gate when not',
    async () => {
      const { cheat, cheatProofs, trainerProofs } = await outcomeOf('weight-jumper', { seeds: MORE_SEEDS });
      const gated = cheatProofs?.void.gate ?? 0;
      expect(cheatProofs).toMatchObject({ accepted: 0 });
      expect(gated).toBeGreaterThan(0);
      expect(gated + (cheatProofs?.rejected ?? 0)).toBe(2 * MORE_SEEDS);
      expect(cheat?.coins).toBe(0);
      expect(trainerProofs).toMatchObject(ALL_ACCEPTED);
    },
    TIMEOUT_MS,
  );

  it(
    'self-checker: takes a wrong proof back before the seal, for nothing',
    async () => {
      const { cheat, cheatProofs, note } = await outcomeOf('self-checker');
      expect(note('proofs taken back')).toBeGreaterThanOrEqual(PROOFS);
      expect(cheatProofs).toBeUndefined();
      expect(cheat).toMatchObject({ coins: 0, slashed: 0 });
    },
    TIMEOUT_MS,
  );

  it(
    'double-prover: one of two proofs is in a block, and the worst it does is to lose its own pay',
    async () => {
      const { cheat, note, trainerProofs } = await outcomeOf('double-prover');
      expect(note('second proofs')).toBeGreaterThan(0);
      expect(cheat?.slashed).toBe(0);
      expect(trainerProofs).toMatchObject({ accepted: 2 * PROOFS, ...ALL_ACCEPTED });
    },
    TIMEOUT_MS,
  );

  it(
    'data-grinder: gets the slot it wants no oftener than by chance',
    async () => {
      const { note } = await outcomeOf('data-grinder', { seeds: 12, authorities: 1, rounds: 4 });
      const rounds = note('rounds with a ground address');
      const chance = note('first slots by chance') / rounds;
      expect(rounds).toBeGreaterThan(30);
      expect(Math.abs(note('first slots got') / rounds - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / rounds));
    },
    TIMEOUT_MS,
  );

  it.each(cases('flooder', 'proof-flooder'))(
    '%s: stops neither blocks nor proofs',
    async (kind) => {
      const { trainerProofs, cheat, cheatProofs, note, report } = await outcomeOf(kind);
      expect(note('messages of a flood') + note('unstaked proofs')).toBeGreaterThan(1_000);
      expect(cheatProofs).toBeUndefined();
      expect(cheat?.coins).toBe(0);
      expect(trainerProofs).toMatchObject({ accepted: 2 * PROOFS, ...ALL_ACCEPTED });
      expect(report.finality?.median).toBeLessThan(1_000);
    },
    TIMEOUT_MS,
  );
});

describe('bounded', () => {
  it(
    'sybil: half of the places; each segment is checked, and is paid no better than anyone’s',
    async () => {
      const { report, cheat, trainer, trainerProofs } = await outcomeOf('sybil', { rounds: 4 });
      // Four of eight places can be had without a stake.
      expect((report.seats.sybil ?? 0) * (2 + 4)).toBeLessThanOrEqual(4);
      expect(trainerProofs).toMatchObject(ALL_ACCEPTED);
      const price = (node: typeof cheat) => (node?.coins ?? 0) / (node?.segmentsTrained ?? 1);
      expect(price(cheat)).toBeLessThan(1.1 * price(trainer));
    },
    TIMEOUT_MS,
  );

  it(
    'selective-server: is paid; of the authorities, only the one it starves can lose the round’s pay, and no stake',
    async () => {
      const { cheatProofs, authority, report } = await outcomeOf('selective-server');
      expect(cheatProofs).toMatchObject({ rejected: 0 });
      expect(authority?.slashed).toBe(0);
      expect(report.safety.honestVotesUnpaid).toBeLessThanOrEqual(PROOFS);
    },
    TIMEOUT_MS,
  );

  it(
    'slow-server: no other proof waits for its answers',
    async () => {
      const { note, trainerProofs, authority } = await outcomeOf('slow-server');
      expect(note('answers delayed')).toBeGreaterThan(0);
      expect(trainerProofs).toMatchObject({ accepted: 2 * PROOFS, ...ALL_ACCEPTED });
      // What it keeps back is unchecked, and unpaid to those it was dealt to.
      expect(authority?.slashed).toBe(0);
    },
    TIMEOUT_MS,
  );
});
