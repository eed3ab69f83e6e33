import { describe, expect, it } from 'vitest';
import { adversaryOf } from './adversaries/all.ts';
import type { AdversaryKind } from './adversary-kinds.ts';
import { ALL_FAULTS, type Fault, GOOD_LINKS } from './faults.ts';
import { runScenario, type Scenario } from './scenario.ts';
import { survivalScenario } from './survival.ts';

const SWEPT_SEEDS = 80;
const SWEPT_TRAINING_SEEDS = 4;
/** On an idle core a sweep takes some seconds; other work on the machine must not fail it. */
const SWEEP_TIMEOUT_MS = 300_000;

const GOOD: Fault = { atMs: 0, type: 'quality', quality: GOOD_LINKS };
const of = (...kinds: readonly AdversaryKind[]) => kinds.map(adversaryOf);

/** A network without trainers: rounds only gather, blocks go on. */
const consensus = (seed: string, changes: Partial<Scenario>) =>
  runScenario({ seed, authorities: 4, trainers: 0, rounds: 0, blocks: 3, ...changes });

describe('a network of authorities', () => {
  it(
    'never forks, never contradicts itself, loses no final block and goes on after trouble, whatever the seed',
    async () => {
      const failed: string[] = [];
      let evidence = 0;
      for (let i = 0; i < SWEPT_SEEDS; i++) {
        const result = await runScenario(survivalScenario(`sweep ${i}`));
        evidence += result.evidence;
        if (result.violations.length > 0) failed.push(`seed ${i}: ${result.violations.map(({ text }) => text).join('; ')}`);
        if (!result.live) failed.push(`seed ${i}: stuck at ${result.heights.join()}`);
      }
      expect(failed).toEqual([]);
      // The adversaries did double-vote, and were seen doing it.
      expect(evidence).toBeGreaterThan(0);
    },
    SWEEP_TIMEOUT_MS,
  );

  it('decides alone when there is one authority, a block each interval', async () => {
    const result = await consensus('alone', { authorities: 1, blocks: 5 });
    expect(result).toMatchObject({ violations: [], live: true, heights: [5] });
    expect(result.elapsedMs).toBeGreaterThan(4_000);
    expect(result.elapsedMs).toBeLessThan(5_500);
  });

  it('needs all of three: two are below 67 %', async () => {
    expect(await consensus('three', { authorities: 3, blocks: 4 })).toMatchObject({ violations: [], live: true });
    const maimed = await consensus('three', { authorities: 3, adversaries: of('silent'), patienceMs: 20_000 });
    expect(maimed).toMatchObject({ violations: [], live: false, heights: [0, 0] });
  });

  it('goes on with one of four down, and the one that comes back catches up', async () => {
    expect(await consensus('three of four', { adversaries: of('silent'), blocks: 8 })).toMatchObject({ violations: [], live: true });
    const faults: Fault[] = [GOOD, { atMs: 2_500, type: 'crash', node: 2 }, { atMs: 12_000, type: 'restart', node: 2 }];
    const returned = await consensus('comes back', { faults, blocks: 2 });
    expect(returned).toMatchObject({ violations: [], live: true });
    expect(Math.min(...returned.heights)).toBeGreaterThan(4);
  });

  it('stands still in two halves and goes on after every heal', async () => {
    const groups = [
      [0, 1],
      [2, 3],
    ];
    const cut = (atMs: number): Fault => ({ atMs, type: 'partition', groups });
    const heal = (atMs: number): Fault => ({ atMs, type: 'heal' });
    const once = await consensus('halves', { faults: [GOOD, cut(2_500), heal(30_000)] });
    expect(once).toMatchObject({ violations: [], live: true });
    // Before the cut, and after it; nothing in between.
    expect(Math.max(...once.heights)).toBeLessThan(9);
    // Twenty good seconds after each of the first two heals bring blocks, and so does the end.
    const faults = [GOOD, cut(2_500), heal(20_000), cut(40_000), heal(60_000), cut(80_000), heal(100_000)];
    const thrice = await consensus('halves again', { faults });
    expect(thrice).toMatchObject({ violations: [], live: true });
    expect(Math.min(...thrice.heights)).toBeGreaterThan(15);
  });

  it('survives the loss of power everywhere at once, again and again, with logs torn', async () => {
    const all = [0, 1, 2, 3];
    const faults: Fault[] = [GOOD];
    for (let atMs = 130; atMs < 9_000; atMs += 417) {
      faults.push(...all.map((node): Fault => ({ atMs, type: 'crash', node })));
      faults.push(...all.map((node): Fault => ({ atMs: atMs + 20, type: 'restart', node })));
    }
    expect(await consensus('power', { faults })).toMatchObject({ violations: [], live: true });
  });

  it('brings followers along', async () => {
    const result = await consensus('followers', { followers: 2, blocks: 5 });
    expect(result).toMatchObject({ violations: [], live: true });
    expect(result.heights).toHaveLength(6);
  });

  it('holds with real signatures and two liars of seven', async () => {
    const result = await consensus('real', { authorities: 7, adversaries: of('double-voter', 'equivocator'), realSignatures: true });
    expect(result).toMatchObject({ violations: [], live: true });
  });

  it('forks once one third are faulty: the observer is not blind', async () => {
    let forked = false;
    for (let i = 0; i < 50 && !forked; i++) {
      const { violations } = await consensus(`too many ${i}`, {
        adversaries: of('double-voter', 'double-voter'),
        patienceMs: 10_000,
      });
      forked = violations.some(({ rule }) => rule === 'fork');
    }
    expect(forked).toBe(true);
  });
});

describe('a whole network', () => {
  const whole: Omit<Scenario, 'seed'> = { authorities: 4, trainers: 3, rounds: 2, faults: ALL_FAULTS };

  it('replays a seed exactly: training, cheats, faults and all', async () => {
    const cheated = { ...whole, rounds: 1, adversaries: of('interpolator', 'double-voter') };
    const first = await runScenario({ ...cheated, seed: 'replay' });
    const second = await runScenario({ ...cheated, seed: 'replay' });
    const other = await runScenario({ ...cheated, seed: 'replay another' });
    expect(second).toEqual(first);
    expect(other.trace).not.toBe(first.trace);
  });

  it('pays honest trainers for every round when nothing goes wrong', async () => {
    const result = await runScenario({ ...whole, seed: 'sound', faults: [GOOD] });
    expect(result).toMatchObject({ violations: [], live: true, votes: { honest: 8, honestUnpaid: 0 } });
    expect(result.proofs.map(({ outcome }) => outcome)).toEqual(Array(6).fill('accepted'));
    // Seven of ten coins a round, and a quarter of them to the authorities.
    const of = (role: string) => result.nodes.filter(({ kind }) => kind === role);
    expect(of('honest trainer').reduce((sum, { gained }) => sum + gained, 0)).toBeCloseTo(2 * 7, 6);
    for (const { earned, slashed, gained } of of('honest authority')) {
      expect([earned, slashed]).toEqual([2 * (2.5 / 4), 0]);
      expect(gained).toBeCloseTo(earned, 9);
    }
  });

  it(
    'settles rounds after trouble, and rejects no honest proof',
    async () => {
      for (let i = 0; i < SWEPT_TRAINING_SEEDS; i++) {
        const result = await runScenario({ ...whole, seed: `training ${i}`, adversaries: i % 2 === 0 ? [] : of('double-voter') });
        expect(result, `seed ${i}`).toMatchObject({ violations: [], live: true });
        expect(result.proofs.filter(({ outcome }) => outcome === 'rejected')).toEqual([]);
        expect(result.proofs.some(({ outcome }) => outcome === 'accepted')).toBe(true);
      }
    },
    SWEEP_TIMEOUT_MS,
  );
});
