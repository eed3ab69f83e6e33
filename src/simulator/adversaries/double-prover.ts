import { signOperation } from '../../codec/operations.ts';
import { taggedHash } from '../../primitives/hash.ts';
import type { Behaviour } from '../adversary.ts';

/** Trains honestly, and signs a second proof for the same round beside the true one. */
export const doubleProver: Behaviour = {
  corrupt: ({ context, signer, publish, note }) => ({
    submit(signed, next) {
      next(signed);
      const { operation } = signed;
      if (operation.type !== 'proof') return;
      note('second proofs', 1);
      const other = { ...operation, updateHash: taggedHash('simulated/second/1', operation.updateHash) };
      publish(signOperation(other, context.genesisHash, signer));
    },
  }),
};
