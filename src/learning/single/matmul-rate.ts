import { type Backend, createLayout, MatmulMode } from '../../numerics/backend.ts';

const LARGEST = 1024;
const SMALLEST = 128;
/** A product of twice the size is eight times the work. */
const GROWTH = 8;
const MOST_REPETITIONS = 10_000;

export interface MatmulRate {
  /** Operations a second, a product and a sum each, of the fastest repetition. */
  readonly flops: number;
  /** Rows and columns of the matrices. */
  readonly size: number;
}

/**
 * How fast a backend multiplies square matrices: the best of as many repetitions as the time allows, of 1024³, or of a smaller size where
 * that one would take too long. The best, not the mean: other programs only ever make it slower. This is the practical peak
 * that training is measured against; the processor's own, from its clock and units, is higher.
 * @param now milliseconds, with fractions
 */
export function measureMatmulRate(backend: Backend, options: { readonly budgetMs: number }, now: () => number): MatmulRate {
  const end = now() + options.budgetMs;
  const layout = createLayout();
  const [a, b, c] = [0, 1, 2].map(() => layout.reserve(LARGEST * LARGEST)) as [number, number, number];
  const arena = backend.createArena(layout.words);
  try {
    const { kernels } = arena;
    kernels.fill(a, LARGEST * LARGEST, 0.5);
    kernels.fill(b, LARGEST * LARGEST, 0.25);
    const time = (size: number): number => {
      const began = now();
      kernels.matmul(MatmulMode.NN, size, size, size, a, b, c, false);
      return Math.max(now() - began, 1e-6);
    };
    let size = SMALLEST;
    let best = time(size);
    while (size < LARGEST && now() + best * GROWTH < end) {
      size *= 2;
      best = time(size);
    }
    for (let i = 0; i < MOST_REPETITIONS && now() + best < end; i++) best = Math.min(best, time(size));
    return { flops: (2 * size ** 3) / (best / 1000), size };
  } finally {
    arena.release();
  }
}
