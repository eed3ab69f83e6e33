const WIDTH = 640;
const BARS = { left: 190, right: 150, height: 16, gap: 4, groupGap: 26, top: 40 };
const COLOURS = { 'PyTorch bf16': '#1f4e9c', 'PyTorch f32': '#5b8bd0', 'llm.c f32': '#f5b041' };
const OTHER_COLOUR = '#6b9e5a';

/**
 * Bars: how many times a peer's tokens a second ours has, for each peer, shape and number of threads; from 0, with a line at 1.
 * @param rows of bench/compare.mjs, sorted
 */
export function speedSvg(rows) {
  const peers = rows.filter(({ ratios }) => ratios.length > 0);
  const most = Math.ceil(Math.max(1, ...peers.map(({ ratios }) => ratios[0])));
  const x = (ratio) => BARS.left + ((WIDTH - BARS.left - BARS.right) * ratio) / most;
  const parts = [];
  let y = BARS.top;
  let title;
  for (const { shape, threads, against, name, ratios, fastest } of peers) {
    const group = `${shape}, ${threads} ${threads === 1 ? 'thread' : 'threads'}: ours ${against === 'wasm' ? 'in WebAssembly' : 'native'}`;
    if (group !== title) {
      title = group;
      y += BARS.groupGap;
      parts.push(`<text x="12" y="${y - 6}" font-weight="bold">${title}</text>`);
    }
    const middle = y + BARS.height - 4;
    const colour = COLOURS[name] ?? OTHER_COLOUR;
    parts.push(
      `<text x="${BARS.left - 8}" y="${middle}" text-anchor="end">${name}</text>` +
        `<rect x="${BARS.left}" y="${y}" width="${(x(ratios[0]) - BARS.left).toFixed(1)}" height="${BARS.height}" fill="${colour}"/>` +
        `<text x="${(x(ratios[0]) + 6).toFixed(1)}" y="${middle}">${ratios[0].toFixed(2)} × ${Math.round(fastest).toLocaleString('en')} tokens/s</text>`,
    );
    y += BARS.height + BARS.gap;
  }
  const height = y + 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>Training speed: ours as a multiple of others'</title>
<rect width="100%" height="100%" fill="white"/>
<text x="12" y="20">Training speed: our tokens/s as a multiple of the other program's (the line: equal)</text>
${parts.join('\n')}
<path d="M${x(1).toFixed(1)} ${BARS.top}V${height - 12}" stroke="#c0392b" stroke-dasharray="4 3"/>
</svg>
`;
}
