import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { roleOfKind } from '../../simulator/adversary-kinds.ts';
import { runSeeds } from '../../simulator/batch.ts';
import { createReport, type SimulationReport } from '../../simulator/report.ts';
import type { SimulationSpec } from '../../simulator/spec.ts';
import { addRun, createTally } from '../../simulator/tally.ts';
import { cliError } from '../errors.ts';
import { writeTextFile } from '../files.ts';
import type { Io } from '../io.ts';
import { createProgress } from '../progress.ts';
import { onStopRequest } from '../stop-request.ts';
import { formatDuration, groupDigits } from '../text.ts';
import type { SimulateFlags } from './flags.ts';
import { plotSvg } from './plot.ts';
import { reportCsv, reportMarkdown, reportText } from './report-text.ts';

/** Shorter batches need no progress line. */
const PATIENCE_MS = 2_000;
const DEFAULT_SEEDS = { first: 1, last: 20 };
/** Of a network without trainers. */
const BLOCKS_WITHOUT_ROUNDS = 3;

/**
 * `pol-node simulate`: runs the seeds, prints the report, writes its files.
 * @throws CLI_USAGE for a network that cannot be; CLI_CHECK_FAILED when a run broke a rule, or stood still though enough authorities were sound
 */
export async function simulate(flags: SimulateFlags, io: Io): Promise<void> {
  const spec = specOf(flags);
  const seeds = flags.seed === undefined ? (flags.seeds ?? DEFAULT_SEEDS) : { first: flags.seed, last: flags.seed };
  const { first, last } = seeds;
  const tally = createTally();
  const stop = new AbortController();
  const unlisten = onStopRequest(io, () => stop.abort());
  const progress = createProgress(io.err, io.clock.now);
  const startedAt = performance.now();
  try {
    await runSeeds(
      { spec, firstSeed: first, lastSeed: last, threads: flags.threads ?? availableParallelism(), signal: stop.signal },
      (result) => {
        addRun(tally, result);
        const elapsed = performance.now() - startedAt;
        if (elapsed > PATIENCE_MS) progress.update(progressLine(tally.runs, last - first + 1, elapsed, tally.runsWithViolations));
      },
    );
  } finally {
    progress.clear();
    unlisten();
  }
  if (tally.runs === 0) throw cliError('CLI_CHECK_FAILED', 'stopped before the first run was done');
  const report = createReport(tally, {
    spec,
    seeds,
    segmentPrice: flags.segmentPrice,
    seconds: (performance.now() - startedAt) / 1_000,
  });
  io.out.write(flags.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report));
  if (flags.output !== undefined) writeReport(report, resolve(io.workingDirectory, flags.output), flags, io);
  requireSound(report);
}

/** @throws CLI_USAGE */
function specOf(flags: SimulateFlags): SimulationSpec {
  if (flags.survival === true) return { type: 'survival' };
  const { authorities, trainers, adversary = [], rounds, faults = [], trouble, checks, segments } = flags;
  const nodes = flags.nodes ?? authorities + trainers;
  const usage = (message: string) => cliError('CLI_USAGE', message);
  if (nodes < authorities + trainers) {
    throw usage(`--nodes ${nodes} is less than ${authorities} authorities and ${trainers} trainers together`);
  }
  for (const [role, places] of [
    ['authority', authorities],
    ['trainer', trainers],
  ] as const) {
    const faulty = adversary.filter((kind) => roleOfKind(kind) === role).length;
    if (faulty > places)
      throw usage(
        `${faulty} adversaries want the place of one of ${places}: give more --${role === 'authority' ? 'authorities' : 'trainers'}`,
      );
    if (role === 'authority' && faulty === places) throw usage('at least one authority must be honest');
  }
  if (rounds > 0 && trainers === 0) throw usage('rounds are settled where somebody trains: give --rounds 0 with --trainers 0');
  return {
    type: 'network',
    authorities,
    trainers,
    followers: nodes - authorities - trainers,
    adversaries: adversary,
    rounds,
    blocks: rounds === 0 ? BLOCKS_WITHOUT_ROUNDS : 0,
    faults,
    troubleMs: trouble * 1_000,
    checks,
    segments,
  };
}

function progressLine(done: number, all: number, elapsedMs: number, broken: number): string {
  const left = formatDuration((elapsedMs / done) * (all - done));
  const trouble = broken === 0 ? '' : `, ${broken} broke a rule`;
  return `${groupDigits(done)} of ${groupDigits(all)} runs${trouble}, ${left} left (Ctrl-C shows what is done)`;
}

function writeReport(report: SimulationReport, directory: string, { force }: SimulateFlags, io: Io): void {
  const overwrite = force === true;
  const files = {
    'report.md': reportMarkdown(report),
    'report.csv': reportCsv(report),
    'report.json': `${JSON.stringify(report, undefined, 2)}\n`,
    'report.svg': plotSvg(report),
  };
  for (const [name, text] of Object.entries(files)) writeTextFile(join(directory, name), text, { overwrite });
  io.err.write(`wrote ${Object.keys(files).join(', ')} to ${directory}\n`);
}

function requireSound({ safety, tolerable }: SimulationReport): void {
  const [broken] = safety.violations;
  if (broken !== undefined && tolerable) {
    throw cliError(
      'CLI_CHECK_FAILED',
      `${safety.runsWithViolations} runs broke a rule; see --seed ${broken.seed}: ${broken.violation.text}`,
    );
  }
  const [stalled] = safety.stalled;
  if (stalled !== undefined && tolerable) {
    throw cliError('CLI_CHECK_FAILED', `${safety.stalled.length} runs stood still; see --seed ${stalled}`);
  }
}
