import { describe, expect, it } from 'vitest';
import { createProcessorShare } from './share.ts';

/** Work and rest on a clock of their own; sleeping takes `late` milliseconds more than asked. */
async function run(share: number, pieces: readonly number[], late = 0) {
  let time = 0;
  let worked = 0;
  const processor = createProcessorShare(
    { share },
    {
      now: () => time,
      sleep: async (ms) => {
        time += ms + late;
      },
    },
  );
  for (const piece of pieces) {
    time += piece;
    worked += piece;
    await processor.rest(piece);
  }
  return worked / time;
}

describe('createProcessorShare', () => {
  it('is busy for its share of the time, in long and short pieces', async () => {
    expect(await run(0.25, Array<number>(50).fill(400))).toBeCloseTo(0.25, 5);
    expect(await run(0.5, Array<number>(10_000).fill(0.3))).toBeCloseTo(0.5, 1);
    expect(await run(1, [5, 5])).toBe(1);
  });

  it('takes late timers for rest, but hoards none', async () => {
    expect(await run(0.5, Array<number>(100).fill(300), 1)).toBeGreaterThan(0.45);
    expect(await run(0.5, Array<number>(100).fill(300), 5000)).toBeLessThan(0.11);
  });

  it('saves up short rests: a short answer is not interrupted', async () => {
    expect(await run(0.5, Array<number>(20).fill(10))).toBe(1);
  });
});
