const SIZE = { width: 640, height: 360 };
const MARGIN = { left: 48, top: 16, bottom: 36 };
const TICKS = 5;

/**
 * A picture of loss curves over steps or rounds 1, 2, …; later lines lie over earlier ones.
 * @param title for readers of the picture's source and for screen readers
 * @param caption under the horizontal axis
 * @param right margin, pixels: room for labels beside the curves
 * @param unit losses' axis begins and ends at multiples of it, nats
 * @param lines [{ losses, stroke }], `stroke` as SVG attributes
 * @param labels [{ text, x, y, fill }]
 */
export function lossChart({ title, caption, right, unit, lines, labels }) {
  const all = lines.flatMap(({ losses }) => losses);
  const low = Math.floor(Math.min(...all) / unit) * unit;
  const high = Math.ceil(Math.max(...all) / unit) * unit;
  const last = Math.max(...lines.map(({ losses }) => losses.length));
  const width = SIZE.width - MARGIN.left - right;
  const x = (place) => MARGIN.left + (width * (place - 1)) / Math.max(1, last - 1);
  const y = (loss) => SIZE.height - MARGIN.bottom - ((SIZE.height - MARGIN.top - MARGIN.bottom) * (loss - low)) / (high - low);
  const points = (losses) => losses.map((loss, i) => `${x(i + 1).toFixed(1)},${y(loss).toFixed(1)}`).join(' ');
  const between = (from, to) => Array.from({ length: TICKS }, (_, i) => from + ((to - from) * i) / (TICKS - 1));
  const horizontal = between(low, high).map(
    (loss) =>
      `<path d="M${MARGIN.left} ${y(loss).toFixed(1)}H${SIZE.width - right}" stroke="#ddd"/>` +
      `<text x="${MARGIN.left - 6}" y="${(y(loss) + 4).toFixed(1)}" text-anchor="end">${loss.toFixed(1)}</text>`,
  );
  const places = [...new Set(between(1, last).map(Math.round))];
  const vertical = places.map((place) => `<text x="${x(place).toFixed(1)}" y="${SIZE.height - 18}" text-anchor="middle">${place}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="100%" height="100%" fill="white"/>
${[...horizontal, ...vertical].join('\n')}
<text x="${caption.x}" y="${SIZE.height - 4}" text-anchor="middle">${caption.text}</text>
${lines.map(({ losses, stroke }) => `<polyline points="${points(losses)}" fill="none" ${stroke}/>`).join('\n')}
${labels.map(({ text, x: left, y: top, fill }) => `<text x="${left}" y="${top}" fill="${fill}">${text}</text>`).join('\n')}
</svg>
`;
}
