import { createColors } from 'picocolors';
import { formatPol, WEI_PER_POL } from '../../primitives/units.ts';
import { count, formatBytes, formatDuration, groupDigits } from '../text.ts';
import type { DevnetSnapshot, NodeSnapshot } from './snapshot.ts';
import { sparkline } from './sparkline.ts';

export interface ViewOptions {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
  /** How to go on later, e.g. "npm start". */
  readonly resumeWith: string;
}

type Style = 'plain' | 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';
/** A line is a list of pieces: cut to the width first, coloured after. */
type Line = readonly (readonly [Style, string])[];

const UNKNOWN = '–';
const STALL_AFTER_MS = 15_000;
const SPARKLINE_WIDTH = 40;
const LABEL_WIDTH = 9;

/** The live view as lines of text, none wider than the terminal, not more than fit it. Pure. */
export function renderView(snapshot: DevnetSnapshot, options: ViewOptions): string[] {
  const { columns, rows } = options;
  const head = [...summary(snapshot, columns), []];
  const foot: Line[] = [[], ...notices(snapshot), ...addresses(snapshot), [['dim', `Ctrl-C stops; ${options.resumeWith} resumes`]]];
  const body = nodeTable(snapshot.nodes, columns);
  const room = Math.max(1, rows - 1 - head.length - foot.length);
  const shown = body.length <= room ? body : [...body.slice(0, room - 1), more(body.length - room + 1)];
  const lines = [...head, ...shown, ...foot];
  const fitting = lines.length < rows ? lines : lines.filter((line) => line.length > 0).slice(0, Math.max(1, rows - 1));
  return fitting.map((line) => paint(cut(line, columns), options.color));
}

function summary(snapshot: DevnetSnapshot, columns: number): Line[] {
  const { nodes, now, startedAt, lastBlockAt } = snapshot;
  const authorities = nodes.filter((node) => node.role === 'authority').length;
  const stalledMs = now - lastBlockAt;
  const starting = nodes.filter((node) => node.state === 'starting').length;
  const condition: Line =
    starting > 0
      ? [['yellow', `  starting: ${nodes.length - starting} of ${nodes.length} nodes answer`]]
      : stalledMs >= STALL_AFTER_MS
        ? [['red', `  no new block for ${formatDuration(stalledMs)}`]]
        : [];
  const loss: Line =
    snapshot.heldOutLosses.length < 2
      ? []
      : [['cyan', `  ${sparkline(snapshot.heldOutLosses, Math.min(SPARKLINE_WIDTH, Math.max(8, columns - 42)))}`]];
  const roles = `${authorities} ${authorities === 1 ? 'authority' : 'authorities'}, ${count(nodes.length - authorities, 'trainer')}`;
  const rejected = snapshot.rejected ?? 0;
  return [
    [
      ['bold', 'pol-node devnet'],
      ['dim', `  chain ${snapshot.chainId} · ${roles} · up ${formatDuration(now - startedAt)}`],
    ],
    [],
    [
      label('height'),
      ['bold', known(snapshot.height, groupDigits)],
      ['plain', `   round ${known(snapshot.round, groupDigits)}`],
      ...condition,
    ],
    [
      label('loss'),
      ['plain', 'training '],
      ['bold', known(snapshot.trainingLoss, fourDecimals)],
      ['plain', '   held-out '],
      ['bold', known(snapshot.heldOutLoss, fourDecimals)],
      ...loss,
    ],
    [label('speed'), ['bold', groupDigits(snapshot.tokensPerSecond)], ['plain', ' tokens/s']],
    [
      label('proofs'),
      ['green', known(snapshot.accepted, groupDigits)],
      ['plain', ' accepted   '],
      [rejected > 0 ? 'red' : 'plain', known(snapshot.rejected, groupDigits)],
      ['plain', ' rejected'],
    ],
  ];
}

interface Column {
  readonly title: string;
  readonly right?: boolean;
  /** Columns with the highest number go first when the terminal is narrow; 0 stays. */
  readonly dropped: number;
  readonly cell: (node: NodeSnapshot) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'NODE', dropped: 0, cell: (node) => node.name },
  { title: 'STATE', dropped: 1, cell: stateText },
  { title: 'HEIGHT', right: true, dropped: 2, cell: (node) => known(node.height, groupDigits) },
  { title: 'PEERS', right: true, dropped: 5, cell: (node) => known(node.peers, groupDigits) },
  { title: 'LOSS', right: true, dropped: 4, cell: (node) => known(node.role === 'trainer' ? node.loss : undefined, fourDecimals) },
  {
    title: 'TOKENS/S',
    right: true,
    dropped: 6,
    cell: (node) => known(node.role === 'trainer' ? node.tokensPerSecond : undefined, groupDigits),
  },
  { title: 'EARNED POL', right: true, dropped: 0, cell: (node) => known(node.earned, shortPol) },
  { title: 'PROOFS', right: true, dropped: 3, cell: proofsText },
  { title: 'MEMORY', right: true, dropped: 7, cell: (node) => known(node.memoryBytes, formatBytes) },
];
const GAP = '  ';

function nodeTable(nodes: readonly NodeSnapshot[], columns: number): Line[] {
  const measured = COLUMNS.map((column) => {
    const cells = nodes.map(column.cell);
    return { ...column, cells, width: Math.max(column.title.length, ...cells.map((cell) => cell.length)) };
  });
  let kept = measured;
  const widthOf = (list: typeof measured) => list.reduce((sum, column) => sum + column.width, GAP.length * (list.length - 1));
  while (widthOf(kept) > columns) {
    const drop = Math.max(...kept.map((column) => column.dropped));
    if (drop === 0) break;
    kept = kept.filter((column) => column.dropped !== drop);
  }
  const row = (pick: (column: (typeof measured)[number]) => string) =>
    kept.map((column) => (column.right === true ? pick(column).padStart(column.width) : pick(column).padEnd(column.width))).join(GAP);
  return [
    [['dim', row((column) => column.title)]],
    ...nodes.map((node, index): Line => [[styleOf(node), row((column) => column.cells[index] ?? '')]]),
  ];
}

function styleOf(node: NodeSnapshot): Style {
  if (node.state === 'exited') return 'red';
  return node.state === 'running' ? 'plain' : 'yellow';
}

function stateText(node: NodeSnapshot): string {
  if (node.state !== 'running') return node.state;
  if (node.role === 'authority') return 'authority';
  return node.training === true ? 'training' : 'waiting';
}

function proofsText({ role, accepted, rejected }: NodeSnapshot): string {
  if (role === 'authority' || accepted === undefined) return UNKNOWN;
  return rejected === undefined || rejected === 0 ? groupDigits(accepted) : `${groupDigits(accepted)} −${groupDigits(rejected)}`;
}

function notices({ notices }: DevnetSnapshot): Line[] {
  return notices.map((text): Line => [['red', text]]);
}

/** Everything a person may open, on the first node that runs, and where the others are. */
function addresses({ nodes }: DevnetSnapshot): Line[] {
  const first = nodes.find((node) => node.state === 'running') ?? nodes[0];
  if (first === undefined) return [];
  const others = nodes.filter((node) => node !== first).map((node) => node.apiUrl.replace(/^.*:/, ''));
  return [
    [
      label('APIs'),
      ['cyan', first.apiUrl],
      ['dim', `  JSON-RPC, /api/v1 and OpenAI /v1${others.length === 0 ? '' : `; others on ${others.join(' ')}`}`],
    ],
  ];
}

function more(hidden: number): Line {
  return [['dim', `… ${count(hidden, 'more line')}`]];
}

function label(text: string): readonly [Style, string] {
  return ['dim', text.padEnd(LABEL_WIDTH)];
}

function known<T>(value: T | undefined, format: (value: T) => string): string {
  return value === undefined ? UNKNOWN : format(value);
}

function fourDecimals(value: number): string {
  return value.toFixed(4);
}

/** Four decimals are enough to watch; `pol-node balance` has all of them. */
function shortPol(wei: bigint): string {
  return formatPol(wei - (wei % (WEI_PER_POL / 10_000n)));
}

function cut(line: Line, width: number): Line {
  const out: [Style, string][] = [];
  let left = width;
  for (const [style, text] of line) {
    const characters = [...text];
    if (characters.length > left) {
      if (left > 0) out.push([style, `${characters.slice(0, left - 1).join('')}…`]);
      break;
    }
    out.push([style, text]);
    left -= characters.length;
  }
  return out;
}

function paint(line: Line, color: boolean): string {
  const colors = createColors(color);
  const styles: Record<Style, (text: string) => string> = {
    plain: (text) => text,
    bold: colors.bold,
    dim: colors.dim,
    green: colors.green,
    yellow: colors.yellow,
    red: colors.red,
    cyan: colors.cyan,
  };
  const painted = line.map(([style, text]) => styles[style](text)).join('');
  return color ? painted : painted.trimEnd();
}
