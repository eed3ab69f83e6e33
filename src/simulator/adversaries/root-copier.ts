import { signOperation } from '../../codec/operations.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Behaviour } from '../adversary.ts';

/** Trains nothing: it signs another trainer's proof, root, update and all, with its own key. */
export const rootCopier: Behaviour = {
  corrupt({ state, signer, context, publish, note }) {
    let busyWith = -1;
    return {
      withoutTraining: true,
      onBlock() {
        const { open } = state();
        const victim = open.proofs.find(({ trainer }) => !equalBytes(trainer, signer.address));
        if (victim === undefined || busyWith >= open.number) return;
        busyWith = open.number;
        note('roots copied', 1);
        publish(signOperation({ ...victim, trainer: signer.address }, context.genesisHash, signer));
      },
    };
  },
};
