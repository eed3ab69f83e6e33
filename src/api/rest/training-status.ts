import type { NodeView } from '../../chain/view.ts';
import { verificationCost } from '../../protocol/verification-cost.ts';

/** Nats a token of a model that has learnt nothing: what every run starts from. */
const lossOfGuessing = (vocabSize: number): number => Math.log(vocabSize);

/** GET /api/v1/training/status. current_loss is a number at any time: this node's own, else the network's held-out loss.
 * An epoch is a round: the time in which everybody trains from the same weights. */
export function trainingStatus(view: NodeView) {
  const training = view.training();
  const state = view.chain.state();
  const { learning, model } = view.identity.genesis;
  const last = training.history.at(-1);
  const settled = state.settledRound < 0 ? undefined : view.chain.settledRound(state.settledRound);
  const cost = settled && verificationCost(settled);
  return {
    enabled: training.enabled,
    active: training.active,
    current_epoch: state.open.number,
    current_loss: training.progress?.loss ?? last?.loss ?? state.heldOut?.loss ?? lossOfGuessing(model.vocab_size),
    held_out_loss: state.heldOut?.loss ?? null,
    held_out_accuracy: state.heldOut?.accuracy ?? null,
    tokens_per_second: training.active ? (training.progress?.tokensPerSecond ?? 0) : 0,
    segments: training.progress?.segments ?? 0,
    steps: training.progress?.steps ?? 0,
    utilisation: training.utilisation?.share ?? null,
    utilisation_rounds: training.utilisation?.rounds ?? 0,
    verification: cost && {
      round: state.settledRound,
      segments_proven: cost.proven,
      segments_dealt: cost.dealt,
      segments_rerun: cost.rerun,
      cost: cost.share ?? null,
      checks_per_authority: state.checksPerAuthority,
    },
    batch_size: learning.batch_size,
    learning_rate: learning.learning_rate,
    model_parameters: view.identity.parameters,
    history: training.history.map(({ round, loss, heldOutLoss }) => ({ round, loss, held_out_loss: heldOutLoss ?? null })),
  };
}
