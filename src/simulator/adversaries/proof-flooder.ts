import { signOperation } from '../../codec/operations.ts';
import { taggedHash } from '../../primitives/hash.ts';
import type { Behaviour } from '../adversary.ts';
import { UPDATE_BYTES } from '../learning/states.ts';

/** At each block of the rounds that train. */
const PROOFS = 40;
/** Of these, so many are signed for another chain: forged, here. */
const FOREIGN_EVERY = 20;

/** Proofs without a place and without a stake, each of a fresh address, a thousand in a run. */
export const proofFlooder: Behaviour = {
  corrupt({ context, state, signerNamed, publish, note }) {
    let serial = 0;
    return {
      withoutTrainerDuty: true,
      onBlock() {
        const { open } = state();
        if (open.roster.length === 0) return;
        const { steps_per_segment } = context.genesis.rounds;
        const { learning, model } = context.genesis;
        for (let i = 0; i < PROOFS; i++, serial++) {
          const signer = signerNamed(`proof ${serial}`);
          const hash = taggedHash('simulated/flood/1', signer.address);
          const genesisHash = serial % FOREIGN_EVERY === 0 ? hash : context.genesisHash;
          const proof = {
            type: 'proof',
            trainer: signer.address,
            round: open.number,
            segments: 1,
            tokens: steps_per_segment * learning.batch_size * model.context_length,
            leavesRoot: hash,
            updateHash: hash,
            updateBytes: UPDATE_BYTES,
            loss: 1,
          } as const;
          publish(signOperation(proof, genesisHash, signer));
        }
        note('unstaked proofs', PROOFS);
      },
    };
  },
};
