import type { NodeView } from '../../chain/view.ts';
import { formatPol } from '../../primitives/units.ts';
import { authorityJson, positionJson, trainerJson } from '../view-models.ts';

/** GET /api/v1/network/info: the chain, the model and everybody who works on them. */
export function networkInfo(view: NodeView) {
  const state = view.chain.state();
  const { height, ...position } = positionJson(view);
  const trainers = state.trainers.map(trainerJson);
  return {
    blockchain_height: height,
    ...position,
    settled_round: state.settledRound,
    seals_at_height: state.open.sealsAt,
    held_out_loss: state.heldOut?.loss ?? null,
    held_out_accuracy: state.heldOut?.accuracy ?? null,
    held_out_round: state.heldOut?.round ?? null,
    minted: state.minted.toString(),
    minted_pol: formatPol(state.minted),
    proofs_accepted: trainers.reduce((sum, trainer) => sum + trainer.accepted, 0),
    proofs_rejected: trainers.reduce((sum, trainer) => sum + trainer.rejected, 0),
    peers: view.peers().length,
    authorities: state.authorities.map(authorityJson),
    trainers,
  };
}
