import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SHAPES } from '../shapes.mjs';
import { speedSvg } from './speed-svg.mjs';

const COLUMNS = ['shape', 'threads', 'program', 'tokens/s', 'ours ÷', 'native ÷', 'of peak', 'per cpu s', 'ours ÷', 'cpu'];
const WIDTHS = [6, 7, 26, 9, 7, 8, 7, 9, 7, 5];

export function printHeader() {
  print(COLUMNS);
}

export function printRows(rows) {
  for (const row of rows) print(cells(row));
}

/** Writes speed.json, speed.md and speed.svg; rows that the folder has from the same processor and this run has not are kept. */
export async function writeReport(folder, { processor, rows }) {
  await mkdir(folder, { recursive: true });
  const before = await readFile(join(folder, 'speed.json'), 'utf8').then(JSON.parse, () => undefined);
  const kept = before?.processor === processor ? before.rows : [];
  const merged = new Map([...kept, ...rows].map((row) => [key(row), row]));
  const sorted = [...merged.values()].sort((a, b) => order(a) - order(b));
  await writeFile(join(folder, 'speed.json'), `${JSON.stringify({ processor, rows: sorted.map(rounded) }, null, 2)}\n`);
  await writeFile(join(folder, 'speed.md'), markdown(processor, sorted));
  await writeFile(join(folder, 'speed.svg'), speedSvg(sorted));
}

function key({ against, shape, threads, name }) {
  return [against, shape, threads, name].join(' | ');
}

/** Native comparisons first, shapes smallest first; rows of one comparison keep their order. */
function order({ against, shape, threads }) {
  return (against === 'wasm' ? 1e6 : 0) + 1000 * SHAPES.findIndex(({ name }) => name === shape) + threads;
}

function cells({ shape, threads, name, fastest, ratios, ofPeak, perCpu, cpuRatio, share }) {
  const [first, second] = ratios.map((ratio) => ratio.toFixed(2));
  const numbers = [Math.round(fastest).toLocaleString('en'), first, second, percent(ofPeak), Math.round(perCpu).toLocaleString('en')];
  return [shape, String(threads), name, ...numbers, cpuRatio?.toFixed(2), percent(share)].map((cell) => cell ?? '');
}

function markdown(processor, rows) {
  const lines = [COLUMNS, COLUMNS.map((_, i) => (i === 0 || i === 2 ? '---' : '---:')), ...rows.map(cells)];
  const details = new Map(rows.map(({ name, detail }) => [name, detail]));
  const peak = rows.find((row) => row.peak !== undefined)?.peak;
  const peakText = peak === undefined ? 'not measured' : `${peak.toFixed(0)} GFLOP/s`;
  return `Processor: ${processor}. Peak of one thread, native: ${peakText}.

${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}

${[...details].map(([name, detail]) => `- ${name}: ${detail}`).join('\n')}
`;
}

function percent(share) {
  return share === undefined ? undefined : `${(100 * share).toFixed(share < 0.01 ? 1 : 0)} %`;
}

/** Four significant digits: what a measurement of time is worth. */
function rounded(row) {
  const short = (value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Array.isArray(value) ? value.map(short) : short(value)]));
}

function print(list) {
  console.log(list.map((cell, i) => (i === 0 || i === 2 ? cell.padEnd(WIDTHS[i]) : cell.padStart(WIDTHS[i]))).join('  '));
}
