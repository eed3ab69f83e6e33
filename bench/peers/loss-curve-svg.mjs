const SIZE = { width: 640, height: 360 };
const MARGIN = { left: 48, right: 16, top: 16, bottom: 36 };
const TICKS = 5;

/**
 * A picture of two loss curves, ours as a line and PyTorch's as a wider, paler one under it.
 * @param curves losses of each step, from step 1
 */
export function lossCurveSvg({ ours, theirs }) {
  const all = [...ours, ...theirs];
  const low = Math.floor(Math.min(...all));
  const high = Math.ceil(Math.max(...all));
  const x = (step) => MARGIN.left + ((SIZE.width - MARGIN.left - MARGIN.right) * (step - 1)) / Math.max(1, ours.length - 1);
  const y = (loss) => SIZE.height - MARGIN.bottom - ((SIZE.height - MARGIN.top - MARGIN.bottom) * (loss - low)) / (high - low);
  const line = (losses) => losses.map((loss, i) => `${x(i + 1).toFixed(1)},${y(loss).toFixed(1)}`).join(' ');
  const between = (from, to) => Array.from({ length: TICKS }, (_, i) => from + ((to - from) * i) / (TICKS - 1));
  const horizontal = between(low, high).map(
    (loss) =>
      `<path d="M${MARGIN.left} ${y(loss).toFixed(1)}H${SIZE.width - MARGIN.right}" stroke="#ddd"/>` +
      `<text x="${MARGIN.left - 6}" y="${(y(loss) + 4).toFixed(1)}" text-anchor="end">${loss.toFixed(1)}</text>`,
  );
  const steps = between(1, ours.length).map(Math.round);
  const vertical = steps.map((step) => `<text x="${x(step).toFixed(1)}" y="${SIZE.height - 18}" text-anchor="middle">${step}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="12">
<title>Training loss of the same run, ours and PyTorch f32</title>
<rect width="100%" height="100%" fill="white"/>
${[...horizontal, ...vertical].join('\n')}
<text x="${SIZE.width / 2}" y="${SIZE.height - 4}" text-anchor="middle">step (loss in nats)</text>
<polyline points="${line(theirs)}" fill="none" stroke="#f5b041" stroke-width="5"/>
<polyline points="${line(ours)}" fill="none" stroke="#1f4e9c" stroke-width="1.5"/>
<text x="${SIZE.width - 150}" y="40" fill="#1f4e9c">ours</text>
<text x="${SIZE.width - 150}" y="58" fill="#b9770e">PyTorch f32</text>
</svg>
`;
}
