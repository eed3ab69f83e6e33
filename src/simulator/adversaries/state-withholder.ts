import type { Behaviour } from '../adversary.ts';

/** Trains honestly and serves its update, or it would not be sealed; opens nothing to the checkers. */
export const stateWithholder: Behaviour = {
  corrupt: ({ note }) => ({
    async serve({ protocol }, honest) {
      if (protocol !== 'opening') return honest();
      note('openings refused', 1);
      throw new Error('withheld');
    },
  }),
};
