import type { Block } from '../../codec/types.ts';
import { toHex } from '../../primitives/bytes.ts';
import type { Behaviour } from '../adversary.ts';
import { hashOf, signedVote, tellHalves, twinProposals } from './equivocation.ts';

/**
 * Votes for everything: each block it sees proposed gets its prevote and its precommit at once, whatever it voted before,
 * and whoever is not told of the one vote is told nil. When it is its turn it proposes two blocks.
 */
export const doubleVoter: Behaviour = {
  corrupt(tools) {
    const seen = new Set<string>();
    const voteFor = (block: Block, round: number) => {
      const blockHash = hashOf(block);
      const { height } = block.header;
      const name = `${height}/${round}/${toHex(blockHash)}`;
      if (seen.has(name)) return;
      seen.add(name);
      for (const type of ['prevote', 'precommit'] as const) {
        tellHalves(tools, signedVote(tools, type, height, round, blockHash), signedVote(tools, type, height, round, undefined));
      }
    };
    return {
      overhear(message) {
        if (message.kind === 'proposal') voteFor(message.proposal.block, message.proposal.round);
      },
      speak(message, next) {
        if (message.kind !== 'proposal') return;
        const twins = twinProposals(message, tools);
        if (twins === undefined) return next(message);
        tellHalves(tools, { kind: 'proposal', proposal: twins.one }, { kind: 'proposal', proposal: twins.other });
        for (const { block, round } of [twins.one, twins.other]) voteFor(block, round);
      },
    };
  },
};
