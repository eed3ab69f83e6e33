import type { Behaviour } from '../adversary.ts';

/** Trains honestly and opens its proof to all authorities but one, the first of the network: it wants that one to lose its pay. */
export const selectiveServer: Behaviour = {
  corrupt: ({ note }) => ({
    async serve({ protocol, from }, honest) {
      if (protocol !== 'opening' || from !== 0) return honest();
      note('openings refused', 1);
      throw new Error('withheld');
    },
  }),
};
