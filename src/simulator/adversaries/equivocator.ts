import type { Behaviour } from '../adversary.ts';
import { tellHalves, twinProposals } from './equivocation.ts';

/** When it is its turn, proposes one block to one half of the network and another to the other half; votes as the rules ask. */
export const equivocator: Behaviour = {
  corrupt: (tools) => ({
    speak(message, next) {
      const twins = twinProposals(message, tools);
      if (twins === undefined) return next(message);
      tellHalves(tools, { kind: 'proposal', proposal: twins.one }, { kind: 'proposal', proposal: twins.other });
    },
  }),
};
