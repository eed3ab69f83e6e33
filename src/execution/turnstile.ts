import { executionError } from './errors.ts';

/** Lets a number of tasks run at a time; a number more wait in line, and the rest are refused. */
export function createTurnstile(options: { readonly places: number; readonly waiting: number }) {
  let free = options.places;
  const line: (() => void)[] = [];
  /** @throws EXECUTION_BUSY */
  return async function pass<T>(task: () => Promise<T>): Promise<T> {
    if (free > 0) free--;
    else {
      if (line.length >= options.waiting) throw executionError('EXECUTION_BUSY', 'too many calls at once: try again later');
      await new Promise<void>((resolve) => line.push(resolve));
    }
    try {
      return await task();
    } finally {
      const next = line.shift();
      // The place goes from hand to hand.
      if (next === undefined) free++;
      else next();
    }
  };
}
