import { toHex } from '../../primitives/bytes.ts';
import type { Behaviour } from '../adversary.ts';
import { HONEST } from '../learning/states.ts';
import { createRandom } from '../random.ts';

/**
 * Claims the most segments there are and forges m of them, each an interpolation between states that it did reach: no work
 * at all. It knows the rules: the last segment is always checked, so it is honest. m is drawn anew each round, so that many
 * runs give the whole curve of detection.
 */
export const interpolator: Behaviour = {
  corrupt({ context, signer, memory }) {
    const { max_segments } = context.genesis.rounds;
    const plan = (round: number): ReadonlySet<number> => {
      const known = memory.get(`forged ${round}`) as ReadonlySet<number> | undefined;
      if (known !== undefined) return known;
      const random = createRandom(`${memory.get('seed')}/${toHex(signer.address)}/${round}`);
      const candidates = random.shuffle(Array.from({ length: max_segments - 1 }, (_, i) => i));
      const forged = new Set(candidates.slice(0, 1 + random.integer(max_segments - 1)));
      memory.set(`forged ${round}`, forged);
      return forged;
    };
    return { workOf: ({ round }, segment) => (plan(round).has(segment) ? { kind: 'forged' } : HONEST) };
  },
};
