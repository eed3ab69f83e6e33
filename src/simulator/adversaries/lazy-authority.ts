import { taggedHash } from '../../primitives/hash.ts';
import type { Behaviour } from '../adversary.ts';

/** Executes nothing: it finds whatever it is dealt in order, with digests that it makes up, and measures nothing. */
export const lazyAuthority: Behaviour = {
  corrupt({ signer, context, note }) {
    const { steps_per_segment } = context.genesis.rounds;
    const invented = Array.from({ length: steps_per_segment }, (_, i) =>
      taggedHash('simulated/invented/1', signer.address, Uint8Array.of(i)),
    );
    return {
      learning: (honest) => ({
        ...honest,
        async check(_proof, _assignment, segments) {
          note('segments made up', segments.length);
          return segments.map((segment) => ({ segment, result: 'held' as const, stepDigests: invented }));
        },
        evaluate: async () => ({ loss: 0, accuracy: 0 }),
      }),
    };
  },
};
