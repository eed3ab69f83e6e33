import { describe, expect, it } from 'vitest';
import { randomScenario, runScenario } from './consensus-scenario.ts';
import { realKeys } from './crypto.ts';
import { type Fault, GOOD_LINKS } from './faults.ts';

const GOOD: Fault = { atMs: 0, type: 'quality', quality: GOOD_LINKS };
const SWEPT_SEEDS = 200;
/** On an idle core the sweep takes some seconds; other work on the machine must not fail it. */
const SWEEP_TIMEOUT_MS = 180_000;

describe('a network of authorities', () => {
  it(
    'never forks, never contradicts itself and goes on after trouble, whatever the seed',
    async () => {
      const failed: string[] = [];
      let evidence = 0;
      for (let i = 0; i < SWEPT_SEEDS; i++) {
        const result = await randomScenario(`sweep ${i}`);
        evidence += result.evidence;
        if (result.violations.length > 0) failed.push(`seed ${i}: ${result.violations.join('; ')}`);
        if (!result.live) failed.push(`seed ${i}: stuck at ${result.heights.join()}`);
      }
      expect(failed).toEqual([]);
      // The adversaries did double-vote, and were seen doing it.
      expect(evidence).toBeGreaterThan(0);
    },
    SWEEP_TIMEOUT_MS,
  );

  it('replays a seed exactly', async () => {
    const first = await randomScenario('replay');
    const second = await randomScenario('replay');
    const other = await randomScenario('replay another');
    expect(second.trace).toBe(first.trace);
    expect(second.eventsRun).toBe(first.eventsRun);
    expect(other.trace).not.toBe(first.trace);
  });

  it('decides alone when there is one authority, a block each interval', async () => {
    const result = await runScenario({ seed: 'alone', authorities: 1, blocks: 5 });
    expect(result).toMatchObject({ violations: [], live: true, heights: [5] });
    expect(result.elapsedMs).toBeGreaterThan(4_000);
    expect(result.elapsedMs).toBeLessThan(5_500);
  });

  it('needs all of three: two are below 67 %', async () => {
    const whole = await runScenario({ seed: 'three', authorities: 3, blocks: 4 });
    expect(whole).toMatchObject({ violations: [], live: true });
    const maimed = await runScenario({ seed: 'three', authorities: 3, adversaries: ['silent'], blocks: 1, patienceMs: 20_000 });
    expect(maimed).toMatchObject({ violations: [], live: false, heights: [0, 0] });
  });

  it('goes on with one of four down, and the one that comes back catches up', async () => {
    const silent = await runScenario({ seed: 'three of four', authorities: 4, adversaries: ['silent'], blocks: 8 });
    expect(silent).toMatchObject({ violations: [], live: true });
    const faults: Fault[] = [GOOD, { atMs: 2_500, type: 'crash', node: 2 }, { atMs: 12_000, type: 'restart', node: 2 }];
    const returned = await runScenario({ seed: 'comes back', authorities: 4, faults, blocks: 2 });
    expect(returned).toMatchObject({ violations: [], live: true });
    expect(Math.min(...returned.heights)).toBeGreaterThan(6);
  });

  it('stands still in a minority and in two halves, and goes on when they meet', async () => {
    const faults: Fault[] = [
      GOOD,
      {
        atMs: 2_500,
        type: 'partition',
        groups: [
          [0, 1],
          [2, 3],
        ],
      },
      { atMs: 30_000, type: 'heal' },
    ];
    const result = await runScenario({ seed: 'halves', authorities: 4, faults, blocks: 3 });
    expect(result).toMatchObject({ violations: [], live: true });
    // Before the cut, and after it; nothing in between.
    expect(Math.max(...result.heights)).toBeLessThan(9);
  });

  it('survives the loss of power everywhere at once, again and again', async () => {
    const all = [0, 1, 2, 3];
    const faults: Fault[] = [GOOD];
    for (let atMs = 130; atMs < 9_000; atMs += 417) {
      faults.push(...all.map((node): Fault => ({ atMs, type: 'crash', node })));
      faults.push(...all.map((node): Fault => ({ atMs: atMs + 20, type: 'restart', node })));
    }
    const result = await runScenario({ seed: 'power', authorities: 4, faults, blocks: 3 });
    expect(result).toMatchObject({ violations: [], live: true });
  });

  it('brings followers along', async () => {
    const result = await runScenario({ seed: 'followers', authorities: 4, followers: 2, blocks: 5 });
    expect(result).toMatchObject({ violations: [], live: true });
    expect(result.heights).toHaveLength(6);
  });

  it('holds with real signatures and two double voters of seven', async () => {
    const keys = realKeys(7);
    const result = await runScenario({ seed: 'real', authorities: 7, adversaries: ['doubleVoter', 'equivocator'], blocks: 3, keys });
    expect(result).toMatchObject({ violations: [], live: true });
    for (const final of result.plans[0]?.disk.blocks ?? []) expect(keys.isFinal(final.certificate)).toBe(true);
  });

  it('forks once one third are faulty: the observer is not blind', async () => {
    let forked = false;
    for (let i = 0; i < 50 && !forked; i++) {
      const { violations } = await runScenario({
        seed: `too many ${i}`,
        authorities: 4,
        adversaries: ['doubleVoter', 'doubleVoter'],
        blocks: 3,
        patienceMs: 10_000,
      });
      forked = violations.some((violation) => violation.includes('two final blocks'));
    }
    expect(forked).toBe(true);
  });
});
