import type { Rate, SimulationReport } from '../../simulator/report.ts';
import { RULES, type Rule } from '../../simulator/safety.ts';
import type { NetworkSpec } from '../../simulator/spec.ts';
import { count, groupDigits, table } from '../text.ts';

type Table = readonly (readonly string[])[];

const NONE = '-';
const percent = (value: number, digits = 1) => `${(100 * value).toFixed(digits)} %`;
const rateText = (rate: Rate | undefined) => (rate === undefined ? NONE : `${percent(rate.value)} ± ${percent(rate.error)}`);
const coins = (value: number | undefined) => (value === undefined ? NONE : value.toFixed(3));

/** For a terminal. */
export function reportText(report: SimulationReport): string {
  const lines = [
    headline(report),
    '',
    ...table(facts(report)),
    ...(report.proofs.length === 0 ? [] : ['', ...table(proofTable(report), [1, 2, 3, 4, 5])]),
    '',
    ...table(nodeTable(report), [1, 2, 3, 4, 5, 6]),
    ...noteLines(report),
  ];
  return `${lines.join('\n')}\n`;
}

export function reportMarkdown(report: SimulationReport): string {
  const lines = [
    '# Simulation',
    '',
    headline(report),
    '',
    ...markdownTable([['', ''], ...facts(report)]),
    ...(report.proofs.length === 0 ? [] : ['', '## Proofs', '', ...markdownTable(proofTable(report))]),
    ...(report.curve.length === 0
      ? []
      : ['', '## Detection', '', ...markdownTable(curveTable(report)), '', '![detection and profit](report.svg)']),
    '',
    '## Nodes',
    '',
    ...markdownTable(nodeTable(report)),
    ...noteLines(report).map((line) => (line === '' ? line : `- ${line}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** One table of everything: section, name, measure, value. */
export function reportCsv(report: SimulationReport): string {
  const rows: (string | number | undefined)[][] = [['section', 'name', 'measure', 'value']];
  for (const { kind, accepted, rejected, void: voids, found, expected } of report.proofs) {
    rows.push(['proofs', kind, 'accepted', accepted], ['proofs', kind, 'rejected', rejected]);
    for (const [reason, count] of Object.entries(voids)) rows.push(['proofs', kind, `void_${reason}`, count]);
    rows.push(['proofs', kind, 'found', found?.value], ['proofs', kind, 'found_error', found?.error]);
    rows.push(['proofs', kind, 'formula', expected?.value], ['proofs', kind, 'formula_error', expected?.error]);
  }
  for (const { segments, forged, found, expected } of report.curve) {
    const name = `${forged} of ${segments}`;
    rows.push(['detection', name, 'proofs', found.of], ['detection', name, 'found', found.value]);
    rows.push(['detection', name, 'found_error', found.error], ['detection', name, 'formula', expected.value]);
  }
  for (const { kind, ...measures } of report.nodes)
    for (const [name, value] of Object.entries(measures)) rows.push(['nodes', kind, name, value]);
  for (const [kind, share] of Object.entries(report.seats)) rows.push(['seats', kind, 'share', share]);
  for (const [name, value] of Object.entries(report.notes)) rows.push(['notes', name, 'count', value]);
  const { broken, runsWithViolations, stalled } = report.safety;
  for (const [rule, times] of Object.entries(broken)) rows.push(['safety', RULES[rule as Rule], 'count', times]);
  rows.push(
    ['safety', 'runs that broke a rule', 'count', runsWithViolations],
    ['safety', 'runs that stood still', 'count', stalled.length],
  );
  return rows.map((row) => `${row.map((cell) => csvCell(cell ?? '')).join(',')}\n`).join('');
}

function headline({ spec, runs, rounds, seconds, runsPerSecond, virtualSeconds }: SimulationReport): string {
  const parts = [
    `${count(runs, 'run')}, ${count(rounds, 'round')}`,
    ...(spec.type === 'survival' ? ['4 to 7 authorities, fewer than a third faulty · faults: all'] : networkParts(spec)),
    `${groupDigits(virtualSeconds)} virtual seconds in ${seconds.toFixed(1)} s (${runsPerSecond.toFixed(1)} runs/s)`,
  ];
  return parts.join(' · ');
}

function networkParts({ authorities, trainers, followers, adversaries, faults }: NetworkSpec): string[] {
  const cheats = [...new Set(adversaries)].map((kind) => `${adversaries.filter((each) => each === kind).length} ${kind}`);
  return [
    `${authorities} authorities and ${trainers} trainers${followers === 0 ? '' : ` and ${followers} followers`}`,
    ...(cheats.length === 0 ? [] : [`of them ${cheats.join(', ')}`]),
    `faults: ${faults.length === 0 ? 'none' : faults.join(', ')}`,
  ];
}

function facts({ trace, safety, trouble, finality, utilisation, segmentPrice, spec }: SimulationReport): Table {
  const { broken, stalled, evidence, honestVotes, honestVotesUnpaid } = safety;
  return [
    ...Object.entries(broken).map(([rule, times]) => [RULES[rule as Rule], groupDigits(times)]),
    ['runs that stood still', groupDigits(stalled.length)],
    ['honest votes not paid', honestVotes === 0 ? NONE : `${groupDigits(honestVotesUnpaid)} of ${groupDigits(honestVotes)}`],
    ['double signatures seen', groupDigits(evidence)],
    ...(trouble.heals === 0
      ? []
      : [
          [
            'trouble',
            `${groupDigits(trouble.crashes)} crashes, ${count(trouble.partitions, 'partition')}, ${count(trouble.heals, 'heal')}`,
          ],
        ]),
    [
      'finality',
      finality === undefined
        ? NONE
        : `${finality.median} ms median, ${finality.p95} ms for 95 %, ${groupDigits(finality.slowest)} ms slowest`,
    ],
    ['honest trainers at work', utilisation === undefined ? NONE : `${percent(utilisation)} of the time`],
    ['price of a segment', segmentPrice === undefined ? NONE : `${segmentPrice.toFixed(4)} coins`],
    ...(trace === undefined ? [] : [['trace', trace]]),
    ...(spec.type === 'survival'
      ? []
      : [['drawn for each authority', `${spec.checks} at first, of at most ${spec.segments} segments a proof`]]),
  ];
}

function proofTable({ proofs }: SimulationReport): Table {
  return [
    ['proofs of', 'accepted', 'rejected', 'void', 'found', 'formula'],
    ...proofs.map(({ kind, accepted, rejected, void: voids, found, expected }) => [
      kind,
      groupDigits(accepted),
      groupDigits(rejected),
      voidText(voids),
      rateText(found),
      rateText(expected),
    ]),
  ];
}

/** "3 (2 unavailable, 1 unproven)" */
function voidText(voids: Readonly<Record<string, number>>): string {
  const total = Object.values(voids).reduce((sum, each) => sum + each, 0);
  const reasons = Object.entries(voids).map(([reason, amount]) => `${groupDigits(amount)} ${reason}`);
  return total === 0 ? '0' : `${groupDigits(total)} (${reasons.join(', ')})`;
}

function curveTable({ curve }: SimulationReport): Table {
  return [
    ['forged', 'of', 'proofs', 'found', 'formula'],
    ...curve.map(({ segments, forged, found, expected }) => [
      String(forged),
      String(segments),
      String(found.of),
      rateText(found),
      percent(expected.value),
    ]),
  ];
}

function nodeTable({ nodes, seats }: SimulationReport): Table {
  return [
    ['a round and node', 'coins', 'slashed', 'trained', 'checked', 'profit', 'places'],
    ...nodes.map(({ kind, coins: earned, slashed, segmentsTrained, segmentsChecked, profit }) => [
      kind,
      coins(earned),
      coins(slashed),
      segmentsTrained.toFixed(1),
      segmentsChecked.toFixed(1),
      coins(profit),
      seats[kind] === undefined ? NONE : percent(seats[kind], 0),
    ]),
  ];
}

function noteLines({ notes, safety }: SimulationReport): string[] {
  const counted = Object.entries(notes).map(
    ([name, amount]) => `${name}: ${Number.isInteger(amount) ? groupDigits(amount) : amount.toFixed(1)}`,
  );
  const broken = safety.violations.map(({ seed, violation }) => `seed ${seed}: ${violation.text}`);
  const still = safety.stalled.length === 0 ? [] : [`stood still: seeds ${safety.stalled.slice(0, 10).join(', ')}`];
  const lines = [...counted, ...broken, ...still];
  return lines.length === 0 ? [] : ['', ...lines];
}

function markdownTable([head = [], ...rows]: Table): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function csvCell(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
