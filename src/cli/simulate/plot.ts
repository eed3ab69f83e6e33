import type { SimulationReport } from '../../simulator/report.ts';

const WIDTH = 760;
const PANEL_HEIGHT = 300;
const MARGIN = { top: 40, right: 20, bottom: 46, left: 60 } as const;
const BAR_HEIGHT = 26;
const INK = '#1f2933';
const FAINT = '#cbd2d9';
const MEASURED = '#c2410c';
const FORMULA = '#1d4ed8';

type Scale = (value: number) => number;

/** Detection by forged segments (measured, one standard deviation, and the formula), when there is any; below, what a round brings each kind of node. */
export function plotSvg(report: SimulationReport): string {
  const hasCurve = report.curve.length > 0;
  const barsTop = hasCurve ? PANEL_HEIGHT : 0;
  const height = barsTop + MARGIN.top + MARGIN.bottom + BAR_HEIGHT * report.nodes.length;
  const parts = [...(hasCurve ? detectionPanel(report) : []), ...profitPanel(report, barsTop)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** Most proofs have one number of segments; the curve is drawn for these. */
function detectionPanel({ curve }: SimulationReport): string[] {
  const weights = new Map<number, number>();
  for (const { segments, found } of curve) weights.set(segments, (weights.get(segments) ?? 0) + found.of);
  const segments = [...weights].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
  const points = curve.filter((point) => point.segments === segments);
  const bottom = PANEL_HEIGHT - MARGIN.bottom;
  const x = linear(0, segments, MARGIN.left, WIDTH - MARGIN.right);
  const y = linear(0, 1, bottom, MARGIN.top);
  const formula = points.map(({ forged, expected }) => `${x(forged).toFixed(1)},${y(expected.value).toFixed(1)}`);
  return [
    title(`Proofs of ${segments} segments with forged ones that were found`, MARGIN.left, 0),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((value) => [
      line(MARGIN.left, y(value), WIDTH - MARGIN.right, y(value), FAINT),
      label(`${100 * value} %`, MARGIN.left - 8, y(value) + 4, 'end'),
    ]),
    ...Array.from({ length: segments + 1 }, (_, forged) => label(String(forged), x(forged), bottom + 18, 'middle')),
    label('segments forged', (MARGIN.left + WIDTH - MARGIN.right) / 2, bottom + 36, 'middle'),
    `<polyline points="${formula.join(' ')}" fill="none" stroke="${FORMULA}" stroke-width="2"/>`,
    ...points.flatMap(({ forged, found }) => [
      line(x(forged), y(Math.min(1, found.value + found.error)), x(forged), y(Math.max(0, found.value - found.error)), MEASURED),
      `<circle cx="${x(forged).toFixed(1)}" cy="${y(found.value).toFixed(1)}" r="4" fill="${MEASURED}"><title>${found.of} proofs</title></circle>`,
    ]),
    label('formula', WIDTH - MARGIN.right, MARGIN.top - 22, 'end', FORMULA),
    label('measured', WIDTH - MARGIN.right - 60, MARGIN.top - 22, 'end', MEASURED),
  ];
}

function profitPanel({ nodes, segmentPrice }: SimulationReport, top: number): string[] {
  const values = nodes.map(({ profit, coins }) => profit ?? coins);
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const labels = 170;
  const x = linear(least, most === least ? least + 1 : most, MARGIN.left + labels, WIDTH - MARGIN.right - 60);
  const what =
    segmentPrice === undefined ? 'Coins a round' : 'Profit a round: coins less slashed stakes and the price of segments executed';
  return [
    title(what, MARGIN.left, top),
    ...nodes.flatMap(({ kind }, i) => {
      const at = top + MARGIN.top + i * BAR_HEIGHT;
      const value = values[i] ?? 0;
      const [from, to] = [Math.min(x(0), x(value)), Math.max(x(0), x(value))];
      return [
        label(kind, MARGIN.left + labels - 12, at + 16, 'end'),
        `<rect x="${from.toFixed(1)}" y="${at + 4}" width="${Math.max(1, to - from).toFixed(1)}" height="${BAR_HEIGHT - 8}" fill="${value < 0 ? MEASURED : FORMULA}"/>`,
        label(value.toFixed(2), to + 6, at + 16, 'start'),
      ];
    }),
    line(x(0), top + MARGIN.top, x(0), top + MARGIN.top + nodes.length * BAR_HEIGHT, INK),
  ];
}

function linear(from: number, to: number, low: number, high: number): Scale {
  return (value) => low + ((value - from) / (to - from)) * (high - low);
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`;
}

function label(text: string, x: number, y: number, anchor: 'start' | 'middle' | 'end', colour = INK): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${text}</text>`;
}

function title(text: string, x: number, top: number): string {
  return `<text x="${x}" y="${top + 22}" font-size="14" font-weight="600">${text}</text>`;
}
