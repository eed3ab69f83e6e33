import type { Behaviour } from '../adversary.ts';

/** Trains as hard as the others, on data that was not assigned to it. */
export const wrongData: Behaviour = {
  corrupt: () => ({ workOf: () => ({ kind: 'other-data' }) }),
};
