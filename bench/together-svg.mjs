import { lossChart } from './loss-chart.mjs';

const COLOURS = ['#7fb3d5', '#2e86c1', '#1f4e9c', '#6c3483', '#117a65', '#b9770e'];

/**
 * Held-out loss after each round, a line for each number of trainers; thin: sparse updates; dashed: one trainer with the large batch.
 * @param results [{ trainers, kind, losses, baseline? }], losses of round 1, 2, …
 */
export function togetherSvg(results) {
  const counts = [...new Set(results.map(({ trainers }) => trainers))];
  const coloured = results.map((result) => ({ ...result, colour: COLOURS[counts.indexOf(result.trainers) % COLOURS.length] }));
  return lossChart({
    title: 'Held-out loss after each round, by number of trainers; thin: sparse updates; dashed: one trainer with the large batch',
    caption: { text: 'round (held-out loss in nats)', x: 260 },
    right: 120,
    unit: 0.5,
    lines: coloured.flatMap(({ losses, kind, baseline, colour }) => [
      ...(baseline === undefined ? [] : [{ losses: baseline, stroke: `stroke="${colour}" stroke-dasharray="4 4"` }]),
      { losses, stroke: `stroke="${colour}" stroke-width="${kind === 'sparse' ? 1 : 2.5}"` },
    ]),
    labels: coloured
      .filter(({ trainers }, i) => coloured.findIndex((other) => other.trainers === trainers) === i)
      .map(({ trainers, colour }, i) => ({
        text: `${trainers} trainer${trainers === 1 ? '' : 's'}`,
        x: 532,
        y: 40 + 18 * i,
        fill: colour,
      })),
  });
}
