import type { Behaviour } from '../adversary.ts';

/** Says nothing, ever. */
export const silentAuthority: Behaviour = {
  corrupt: () => ({ dead: true }),
};
