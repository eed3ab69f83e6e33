import type { Adversary } from '../adversary.ts';

/** Trains as hard as the others, on data that was not assigned to it. */
export const wrongData: Adversary = {
  kind: 'wrong-data',
  role: 'trainer',
  summary: 'trains on other data than the beacon assigns',
  corrupt: () => ({ workOf: () => ({ kind: 'other-data' }) }),
};
