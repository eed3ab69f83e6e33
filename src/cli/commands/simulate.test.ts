import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../testing/run-command.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';

const SMALL = ['simulate', '--authorities', '1', '--trainers', '2', '--adversary', 'interpolator', '--rounds', '1', '--threads', '1'];

describe('simulate', () => {
  it('prints a report, and writes it as text, table and plot', async () => {
    const directory = temporaryDirectory();
    const { code, out, err } = await runCommand([...SMALL, '--seeds', '5..7', '--output', directory]);
    expect(err).toContain('report.svg');
    expect(code).toBe(0);
    expect(out).toMatch(/^3 runs, 3 rounds · 1 authorities and 2 trainers · of them 1 interpolator · faults: none/);
    expect(out).toMatch(/\nforks +0\n/);
    expect(out).toMatch(/\ninterpolator +\d+ +\d+ +0 +[\d.]+ % ± [\d.]+ % +[\d.]+ % ± [\d.]+ %\n/);
    expect(readdirSync(directory).sort()).toEqual(['report.csv', 'report.json', 'report.md', 'report.svg']);
    const report = JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8'));
    expect(report).toMatchObject({ runs: 3, safety: { broken: { fork: 0, slashed: 0 }, runsWithViolations: 0, stalled: [] } });
    const svg = readFileSync(join(directory, 'report.svg'), 'utf8');
    expect(svg.match(/<circle/g)?.length).toBe(report.curve.filter((p: { segments: number }) => p.segments === 12).length);
    expect(readFileSync(join(directory, 'report.csv'), 'utf8')).toContain('\nsafety,forks,count,0\n');
    const again = await runCommand([...SMALL, '--seeds', '5..7', '--output', directory]);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('--force') });
  });

  it('gives the same figures for the same seeds', async () => {
    const figures = async () => {
      const { seconds, runsPerSecond, ...rest } = JSON.parse((await runCommand([...SMALL, '--seed', '9', '--json'])).out);
      expect(runsPerSecond).toBeCloseTo(1 / seconds, 6);
      return rest;
    };
    const once = await figures();
    expect(once.trace).toMatch(/^[0-9a-f]{64}$/);
    expect(await figures()).toEqual(once);
  });

  it('explains itself with every adversary and examples', async () => {
    const { out } = await runCommand(['simulate', '--help']);
    for (const kind of ['interpolator', 'lazy-authority', 'sybil', 'silent']) expect(out).toContain(`\n  ${kind} `);
    expect(out).toContain('$ pol-node simulate --survival --seeds 10000');
  });

  it.each([
    ['a misspelt adversary', ['--adversary', 'interpolater'], /Did you mean interpolator/],
    ['no seeds', ['--seeds', '9..3'], /500\.\.599/],
    ['unknown faults', ['--faults', 'fire'], /"fire" is none of none, all, delay/],
    ['more cheats than places', ['--trainers', '1', '--adversary', 'copier=2'], /2 adversaries want the place of one of 1/],
    ['no honest authority', ['--adversary', 'silent=4'], /at least one authority must be honest/],
    ['too few nodes', ['--nodes', '3'], /--nodes 3 is less than 4 authorities/],
    ['a network of its own for survival', ['--survival', '--trainers', '2'], /cannot be used with option '--trainers/],
    ['rounds that nobody trains', ['--trainers', '0'], /give --rounds 0/],
  ])('refuses %s', async (_name, flags, message) => {
    const { code, err } = await runCommand(['simulate', ...flags]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});
