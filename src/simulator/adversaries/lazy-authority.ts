import { signOperation } from '../../codec/operations.ts';
import type { Verdict } from '../../codec/types.ts';
import type { Behaviour } from '../adversary.ts';

/** Blocks before the boundary at which it gives up waiting for somebody to copy from. */
const LAST_CALL_BLOCKS = 3;

/** Executes nothing. It copies the verdicts and the measurement of the first vote in a block; without one it accepts everything. */
export const lazyAuthority: Behaviour = {
  corrupt({ signer, context, state, note }) {
    const accept: Verdict = { kind: 'accept' };
    return {
      learning: (honest) => ({
        ...honest,
        check: async () => accept,
        evaluate: async () => ({ loss: 0, accuracy: 0 }),
      }),
      submit(signed, next) {
        if (signed.operation.type !== 'vote') return next(signed);
        const { sealed, open, height } = state();
        const copied = sealed?.votes[0];
        if (copied === undefined && height < open.sealsAt - LAST_CALL_BLOCKS) return;
        note(copied === undefined ? 'votes made up' : 'votes copied', 1);
        const { verdicts, heldOutLoss, heldOutAccuracy } = copied ?? signed.operation;
        next(signOperation({ ...signed.operation, verdicts, heldOutLoss, heldOutAccuracy }, context.genesisHash, signer));
      },
    };
  },
};
