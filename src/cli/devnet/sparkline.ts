const BARS = '▁▂▃▄▅▆▇█';

/** A row of bars from the least to the greatest value; more values than `width` are averaged in groups. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length === 0 || width < 1) return '';
  const shown = values.length <= width ? values : compress(values, width);
  const least = Math.min(...shown);
  const span = Math.max(...shown) - least;
  return shown.map((value) => BARS[span === 0 ? 0 : Math.round(((value - least) / span) * (BARS.length - 1))]).join('');
}

function compress(values: readonly number[], width: number): number[] {
  return Array.from({ length: width }, (_, index) => {
    const from = Math.floor((index * values.length) / width);
    const group = values.slice(from, Math.max(from + 1, Math.floor(((index + 1) * values.length) / width)));
    return group.reduce((sum, value) => sum + value, 0) / group.length;
  });
}
