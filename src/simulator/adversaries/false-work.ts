import { equalBytes } from '../../primitives/bytes.ts';
import { taggedHash } from '../../primitives/hash.ts';
import type { Behaviour } from '../adversary.ts';
import { UPDATE_BYTES } from '../learning/states.ts';
import { createRandom } from '../random.ts';

/** Trains as hard as the others, on data that was not assigned to it. */
export const wrongData: Behaviour = { corrupt: () => ({ training: { work: () => 'other-data' } }) };

/** Trains with a smaller learning rate than the genesis asks for, so that its update offends nobody. */
export const slowLearner: Behaviour = { corrupt: () => ({ training: { work: () => 'other-rate' } }) };

/** Begins each round with moments of its own making in the place of zeros. */
export const momentCrafter: Behaviour = {
  corrupt: () => ({ training: { start: (first) => ({ ...first, content: taggedHash('simulated/crafted/1', first.content) }) } }),
};

/** Trains honestly, and publishes an update that is not the one of its last state. */
export const updateForger: Behaviour = {
  corrupt: () => ({ training: { update: (honest) => Uint8Array.from(honest, (byte, i) => (i === UPDATE_BYTES - 2 ? byte ^ 1 : byte)) } }),
};

/** Trains honestly, and publishes the update of another trainer's last sealed proof as its own. */
export const updateCopier: Behaviour = {
  corrupt: ({ state, signer, blobs, note }) => ({
    training: {
      async update(honest) {
        const victim = state().sealed?.proofs.find(({ trainer }) => !equalBytes(trainer, signer.address));
        const bytes = victim && (await blobs.get(victim.updateHash));
        if (bytes !== undefined) note('updates copied', 1);
        return bytes ?? honest;
      },
    },
  }),
};

/** Makes one weight huge in its first segment, and goes on from there by the rules. */
export const weightJumper: Behaviour = { corrupt: () => ({ training: { work: (_, segment) => (segment === 0 ? 'jump' : 'honest') } }) };

/** Proves its work under another chain's identity: what a proof taken from there would look like. */
export const foreignProver: Behaviour = {
  corrupt: () => ({
    training: { scope: (own) => ({ ...own, chainId: own.chainId + 1, genesisHash: taggedHash('simulated/other-chain/1') }) },
  }),
};

/** An honest trainer in whose memory one bit flips, in one segment of each round. */
export const bitFlip: Behaviour = {
  corrupt: ({ context, memory }) => {
    const flips = (round: number, segment: number) =>
      createRandom(`${memory.get('seed')}/flip/${round}`).integer(context.genesis.rounds.max_segments) === segment;
    return { training: { work: ({ round }, segment) => (flips(round, segment) ? 'flipped-bit' : 'honest') } };
  },
};
