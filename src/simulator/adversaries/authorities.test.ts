import { expect, it } from 'vitest';
import type { AdversaryKind } from '../adversary-kinds.ts';
import { ALL_ACCEPTED, outcomeOf, PROOFS } from '../testing/outcome.ts';

/** What each faulty authority, one of four, comes to: its own loss and nobody else's. */

const TIMEOUT_MS = 300_000;
const cases = (...kinds: readonly AdversaryKind[]) => kinds;
const EVERYBODY = { accepted: 3 * PROOFS, ...ALL_ACCEPTED };

it.each(cases('lazy-authority', 'false-accuser'))(
  '%s: caught, slashed, unpaid; trainers keep their pay',
  async (kind) => {
    const { cheat, trainerProofs } = await outcomeOf(kind);
    // Half of 500 the first time, over two rounds.
    expect(cheat).toMatchObject({ coins: 0, slashed: 125 });
    expect(trainerProofs).toMatchObject(EVERYBODY);
  },
  TIMEOUT_MS,
);

it(
  'lazy-authority beside a cheat: both are caught',
  async () => {
    const { cheat, report } = await outcomeOf('lazy-authority', { adversaries: ['lazy-authority', 'wrong-data'] });
    expect(report.proofs.find(({ kind }) => kind === 'wrong-data')).toMatchObject({ accepted: 0, rejected: PROOFS });
    expect(cheat?.slashed).toBeGreaterThan(0);
    expect(cheat?.coins).toBe(0);
  },
  TIMEOUT_MS,
);

it.each(cases('vote-copier', 'late-committer', 'preimage-withholder', 'vote-refuser', 'silent'))(
  '%s: harmless and unpaid; the other three decide',
  async (kind) => {
    const { cheat, trainerProofs, authority } = await outcomeOf(kind);
    expect(cheat).toMatchObject({ coins: 0, slashed: 0 });
    expect(trainerProofs).toMatchObject(EVERYBODY);
    expect(authority?.coins).toBeCloseTo(2.5 / 4, 3);
  },
  TIMEOUT_MS,
);

it(
  'vote-copier beside a false accuser: what it copies is in no block, so the accuser answers alone',
  async () => {
    const { cheat, note, report } = await outcomeOf('vote-copier', { authorities: 7, adversaries: ['vote-copier', 'false-accuser'] });
    expect(note('votes copied')).toBeGreaterThan(0);
    expect(cheat).toMatchObject({ coins: 0, slashed: 0 });
    expect(report.nodes.find(({ kind }) => kind === 'false-accuser')?.slashed).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

it(
  'two of four that refuse to judge: nothing is accepted, nobody is slashed, blocks go on',
  async () => {
    const { trainerProofs, cheat } = await outcomeOf('vote-refuser', { adversaries: ['vote-refuser', 'vote-refuser'] });
    expect(trainerProofs).toMatchObject({ accepted: 0, rejected: 0, void: { undecided: 3 * PROOFS } });
    expect(cheat).toMatchObject({ coins: 0, slashed: 0 });
  },
  TIMEOUT_MS,
);

it.each(cases('equivocator', 'double-voter'))(
  '%s: convicted by what it signed, and loses all',
  async (kind) => {
    const { cheat, report, trainerProofs } = await outcomeOf(kind);
    expect(report.safety.evidence).toBeGreaterThan(0);
    expect(cheat).toMatchObject({ coins: 0, slashed: 250 });
    expect(trainerProofs).toMatchObject(EVERYBODY);
  },
  TIMEOUT_MS,
);
