const SIZE = { width: 640, height: 360 };
const MARGIN = { left: 48, right: 120, top: 16, bottom: 36 };
const TICKS = 5;
const COLOURS = ['#7fb3d5', '#2e86c1', '#1f4e9c', '#6c3483', '#117a65', '#b9770e'];

/**
 * Held-out loss after each round, a line for each number of trainers; dashed: one trainer with the large batch.
 * @param results [{ trainers, losses, baseline? }], losses of round 1, 2, …
 */
export function togetherSvg(results) {
  const all = results.flatMap(({ losses, baseline }) => [...losses, ...(baseline ?? [])]);
  const low = Math.floor(Math.min(...all) * 2) / 2;
  const high = Math.ceil(Math.max(...all) * 2) / 2;
  const rounds = results[0].losses.length;
  const x = (round) => MARGIN.left + ((SIZE.width - MARGIN.left - MARGIN.right) * (round - 1)) / Math.max(1, rounds - 1);
  const y = (loss) => SIZE.height - MARGIN.bottom - ((SIZE.height - MARGIN.top - MARGIN.bottom) * (loss - low)) / (high - low);
  const line = (losses) => losses.map((loss, i) => `${x(i + 1).toFixed(1)},${y(loss).toFixed(1)}`).join(' ');
  const between = (from, to) => Array.from({ length: TICKS }, (_, i) => from + ((to - from) * i) / (TICKS - 1));
  const grid = between(low, high).map(
    (loss) =>
      `<path d="M${MARGIN.left} ${y(loss).toFixed(1)}H${SIZE.width - MARGIN.right}" stroke="#ddd"/>` +
      `<text x="${MARGIN.left - 6}" y="${(y(loss) + 4).toFixed(1)}" text-anchor="end">${loss.toFixed(1)}</text>`,
  );
  const ticks = [...new Set(between(1, rounds).map(Math.round))].map(
    (round) => `<text x="${x(round).toFixed(1)}" y="${SIZE.height - 18}" text-anchor="middle">${round}</text>`,
  );
  const curves = results.flatMap(({ trainers, losses, baseline }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const label = `${trainers} trainer${trainers === 1 ? '' : 's'}`;
    return [
      ...(baseline === undefined ? [] : [`<polyline points="${line(baseline)}" fill="none" stroke="${colour}" stroke-dasharray="4 4"/>`]),
      `<polyline points="${line(losses)}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<text x="${SIZE.width - MARGIN.right + 12}" y="${40 + 18 * i}" fill="${colour}">${label}</text>`,
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="12">
<title>Held-out loss after each round, by number of trainers; dashed: one trainer with the large batch</title>
<rect width="100%" height="100%" fill="white"/>
${[...grid, ...ticks, ...curves].join('\n')}
<text x="${(SIZE.width - MARGIN.right) / 2}" y="${SIZE.height - 4}" text-anchor="middle">round (held-out loss in nats)</text>
</svg>
`;
}
