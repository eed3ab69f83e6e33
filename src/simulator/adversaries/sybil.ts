import { signOperation } from '../../codec/operations.ts';
import type { TrainedRound } from '../../learning/types.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Signer } from '../../primitives/keys.ts';
import type { AdversaryTools, Behaviour } from '../adversary.ts';

const ADDRESSES = 100;

/** One machine under a hundred addresses: all ask for places, and the machine's time is shared among those that get one. */
export const sybil: Behaviour = {
  corrupt(tools) {
    const { context, state, readyRound, publish } = tools;
    const signers = Array.from({ length: ADDRESSES }, (_, i) => tools.signerNamed(`sybil ${i}`));
    let trainedRound = -1;
    const hasPlace = (list: readonly Uint8Array[], { address }: Signer) => list.some((each) => equalBytes(each, address));
    return {
      withoutTrainerDuty: true,
      onBlock() {
        const { open, joining } = state();
        for (const signer of signers) {
          if (hasPlace(open.roster, signer) || hasPlace(joining, signer)) continue;
          publish(signOperation({ type: 'join', trainer: signer.address, round: open.number }, context.genesisHash, signer));
        }
        const seated = signers.filter((signer) => hasPlace(open.roster, signer));
        if (seated.length === 0 || trainedRound >= open.number || readyRound() !== open.number) return;
        trainedRound = open.number;
        void trainAll(tools, seated, open.number);
      },
    };
  },
};

/** One address after the other, each for its share of the round, with as many segments as may be claimed without a stake. */
async function trainAll(tools: AdversaryTools, signers: readonly Signer[], round: number): Promise<void> {
  const { clock, context, state, publish } = tools;
  const learning = tools.learning();
  const { probation_segments } = context.genesis.rounds;
  const { open, height } = state();
  const blocks = open.sealsAt - height - context.genesis.rounds.submit_blocks;
  const shareMs = (blocks * context.genesis.block_interval_ms) / signers.length;
  for (const signer of signers) {
    if (state().open.number !== round) return;
    const { beacon, roster, startRoot } = open;
    const cancel = clock.after(shareMs, () => void learning.finishTraining());
    let trained: TrainedRound | undefined;
    try {
      await learning.train({ round, trainer: signer.address, beacon, roster, startRoot }, () => {}, probation_segments);
      trained = await learning.finishTraining();
    } catch {
      return;
    } finally {
      cancel();
    }
    if (trained?.round === round) publish(signOperation({ type: 'proof', ...trained }, context.genesisHash, signer));
  }
}
