import { signOperation } from '../../codec/operations.ts';
import type { Behaviour } from '../adversary.ts';

/** Calls every proof fraudulent, at the segment that is always checked. */
export const falseAccuser: Behaviour = {
  corrupt({ signer, context, state }) {
    return {
      submit(signed, next) {
        const { sealed } = state();
        if (signed.operation.type !== 'vote' || sealed === undefined) return next(signed);
        const verdicts = sealed.proofs.map((proof) => ({ kind: 'fraud' as const, segment: proof.segments - 1 }));
        next(signOperation({ ...signed.operation, verdicts }, context.genesisHash, signer));
      },
    };
  },
};
