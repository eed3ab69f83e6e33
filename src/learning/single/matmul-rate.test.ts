import { describe, expect, test } from 'vitest';
import { selectBackend } from '../../numerics/backends.ts';
import { createReferenceBackend } from '../../numerics/reference.ts';
import { measureMatmulRate } from './matmul-rate.ts';

describe('matrix rate', () => {
  test('is the best of many, of the size the time allows', () => {
    // Every look at the clock finds it a quarter of a second further: a product seems to take that long.
    let now = 0;
    const tick = () => (now += 250);
    expect(measureMatmulRate(createReferenceBackend(), { budgetMs: 1000 }, tick)).toEqual({ flops: (2 * 128 ** 3) / 0.25, size: 128 });
  });

  test('of a real backend is above nothing', async () => {
    const backend = await selectBackend({ wanted: 'auto', threads: 1 });
    expect(measureMatmulRate(backend, { budgetMs: 20 }, () => performance.now()).flops).toBeGreaterThan(0);
  });
});
