import { type Lineage, lineageOf } from '../../chain/lineage.ts';
import type { NodeView } from '../../chain/view.ts';
import { apiError } from '../errors.ts';
import { parseNumber } from './parse-number.ts';

/** GET /api/v1/lineage?round=R: where the model settled by a round comes from; the newest settled model's without `round`. */
export function lineage(view: NodeView, roundText: string | undefined): Lineage {
  const { settledRound } = view.chain.state();
  const round = roundText === undefined ? settledRound : parseNumber(roundText, 'round');
  if (round > settledRound || round < 0)
    throw apiError('API_NOT_FOUND', `round ${round} is not settled; the last settled round is ${settledRound}`);
  return lineageOf(view.identity, round, view.chain);
}
