import type { Adversary } from '../adversary.ts';

/** Says nothing, ever. */
export const silentAuthority: Adversary = {
  kind: 'silent',
  role: 'authority',
  summary: 'says nothing, ever',
  corrupt: () => ({ dead: true }),
};
