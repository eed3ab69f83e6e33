// Time of a call, and lines to print.

/** Seconds of the fastest of at least `runs` calls, which together take at least `leastSeconds`; of fewer when they take `mostSeconds`. */
export function fastest(call, { runs = 10, leastSeconds = 0.1, mostSeconds = 30 } = {}) {
  let best = Number.POSITIVE_INFINITY;
  let total = 0;
  for (let i = 0; (i < runs || total < leastSeconds) && total < mostSeconds; i++) {
    const start = performance.now();
    call();
    const seconds = (performance.now() - start) / 1000;
    total += seconds;
    best = Math.min(best, seconds);
  }
  return best;
}

/** One line of cells, each as wide as its column: text to the left, numbers to the right. */
export function row(widths, ...cells) {
  const text = cells.map((cell, i) => (typeof cell === 'string' && i === 0 ? cell.padEnd(widths[i]) : String(cell).padStart(widths[i])));
  console.log(`  ${text.join('  ')}`);
}

export const percent = (part, whole) => (whole === undefined ? '' : `${((100 * part) / whole).toFixed(0)} %`);
