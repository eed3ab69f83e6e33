/** Keeps a thread from taking more than its share of a processor. */
export interface ProcessorShare {
  /** Called after each piece of work with its length; resolves when the next one may begin. */
  rest(workedMs: number): Promise<void>;
}

/**
 * Shorter rests are saved up. The neighbour is a pool of threads that wait for each other: while one of its processors is taken, the whole
 * pool is as slow as that one, or works without it and notices up to 64 ms late that it is free again (kernels/pool.c). Long pieces of work
 * and of rest cost it little more than the processor time; many short ones cost it the processor.
 */
const LEAST_REST_MS = 250;

/**
 * After work of t the thread rests t·(1 − share)/share, so that over any stretch of work it is busy for at most `share` of the time, and
 * what a neighbour loses is at most that. Oversleeping is credited against the next rest only.
 */
export function createProcessorShare(
  options: { readonly share: number },
  dependencies: { readonly now: () => number; readonly sleep: (ms: number) => Promise<void> },
): ProcessorShare {
  const { share } = options;
  const { now, sleep } = dependencies;
  let owed = 0;
  return {
    async rest(workedMs) {
      if (share >= 1) return;
      owed += (workedMs * (1 - share)) / share;
      if (owed < LEAST_REST_MS) return;
      const before = now();
      await sleep(owed);
      owed = Math.max(owed - (now() - before), -LEAST_REST_MS);
    },
  };
}
