import type { SignedOperation } from '../../codec/types.ts';
import type { TrainedRound } from '../../learning/types.ts';
import type { Behaviour } from '../adversary.ts';

/**
 * Trains one round, and claims the same leaves and update again in every later one. It also says every signed operation
 * of anyone that it ever saw in a block again, at each block.
 */
export const replayer: Behaviour = {
  corrupt({ memory, publish, note }) {
    const said = memory.get('said') as SignedOperation[] | undefined;
    const operations: SignedOperation[] = said ?? [];
    memory.set('said', operations);
    let round = -1;
    return {
      learning: (honest) => ({
        ...honest,
        async train(assignment, onProgress) {
          round = assignment.round;
          if (!memory.has('proof')) await honest.train(assignment, onProgress);
        },
        async finishTraining() {
          const old = memory.get('proof') as TrainedRound | undefined;
          if (old !== undefined) return { ...old, round };
          const fresh = await honest.finishTraining();
          if (fresh !== undefined) memory.set('proof', fresh);
          return fresh;
        },
      }),
      onBlock({ block }) {
        for (const operation of operations) publish(operation);
        note('operations repeated', operations.length);
        operations.push(...block.operations);
      },
    };
  },
};
