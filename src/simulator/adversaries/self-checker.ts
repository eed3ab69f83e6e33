import { signOperation } from '../../codec/operations.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Behaviour } from '../adversary.ts';
import { bitFlip } from './false-work.ts';

/** The same, with a check of its own: it finds the flip in time and takes its proof back before the seal. */
export const selfChecker: Behaviour = {
  corrupt: (tools) => ({
    ...bitFlip.corrupt(tools),
    onBlock() {
      const { state, signer, context, publish, note } = tools;
      const { open } = state();
      const isOwn = ({ trainer }: { readonly trainer: Uint8Array }) => equalBytes(trainer, signer.address);
      if (!open.proofs.some(isOwn)) return;
      note('proofs taken back', 1);
      publish(signOperation({ type: 'withdraw', trainer: signer.address, round: open.number }, context.genesisHash, signer));
    },
  }),
};
