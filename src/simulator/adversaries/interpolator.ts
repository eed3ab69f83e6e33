import { toHex } from '../../primitives/bytes.ts';
import type { AdversaryTools, Behaviour } from '../adversary.ts';
import { createRandom } from '../random.ts';

/** Segments that the forger of the least updates leaves out. */
const LEAST = 3;

/** Forges, that is claims without work, the segments that are named for each round. */
function forge({ memory }: AdversaryTools, choose: (round: number) => readonly number[]) {
  const plan = (round: number) => {
    const name = `forged ${round}`;
    const forged = (memory.get(name) as ReadonlySet<number> | undefined) ?? new Set(choose(round));
    memory.set(name, forged);
    return forged;
  };
  return {
    training: {
      work: ({ round }: { readonly round: number }, segment: number) =>
        plan(round).has(segment) ? ('forged' as const) : ('honest' as const),
    },
  };
}

/**
 * Claims the most segments there are and forges m of them, each an interpolation between states that it did reach: no work
 * at all. It knows the rules: the last segment is always checked, so it is honest. m is drawn anew each round, so that many
 * runs give the whole curve of detection.
 */
export const interpolator: Behaviour = {
  corrupt(tools) {
    const { context, signer, memory } = tools;
    const { max_segments } = context.genesis.rounds;
    return forge(tools, (round) => {
      const random = createRandom(`${memory.get('seed')}/${toHex(signer.address)}/${round}`);
      const candidates = random.shuffle(Array.from({ length: max_segments - 1 }, (_, i) => i));
      return candidates.slice(0, 1 + random.integer(max_segments - 1));
    });
  },
};

/** Forges only the segments that move the weights least: at the end, where the learning rate is lowest, but for the last one. */
export const leastForger: Behaviour = {
  corrupt(tools) {
    const last = tools.context.genesis.rounds.max_segments - 1;
    return forge(tools, () => Array.from({ length: LEAST }, (_, i) => last - 1 - i));
  },
};
