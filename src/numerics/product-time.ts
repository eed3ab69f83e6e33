import { type Backend, MatmulMode } from './backend.ts';

/** A product as training has them: 25 million operations, operands within a second cache. */
const [ROWS, COLUMNS, STEPS] = [192, 256, 256];
const RUNS = 5;

/**
 * How long each backend takes for one fixed product: the shortest of a few runs, taken in turns so that what else the machine does falls on
 * all. Bits do not depend on it, only which of several right backends is used. Some milliseconds in all.
 * @param now milliseconds
 */
export function productTimes(backends: readonly Backend[], now: () => number): readonly number[] {
  const arenas = backends.map((backend) => backend.createArena((ROWS + COLUMNS) * STEPS + ROWS * COLUMNS));
  const times = backends.map(() => Number.POSITIVE_INFINITY);
  for (let run = 0; run < RUNS; run++) {
    for (const [i, { kernels }] of arenas.entries()) {
      const start = now();
      kernels.matmul(MatmulMode.NT, ROWS, COLUMNS, STEPS, 0, ROWS * STEPS, (ROWS + COLUMNS) * STEPS, false);
      times[i] = Math.min(times[i] as number, now() - start);
    }
  }
  for (const arena of arenas) arena.release();
  return times;
}
