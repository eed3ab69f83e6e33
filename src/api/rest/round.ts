import type { NodeView } from '../../chain/view.ts';
import { apiError } from '../errors.ts';
import { settledRoundJson } from '../view-models.ts';
import { parseNumber } from './parse-number.ts';

/** GET /api/v1/rounds/{round}: a settled round's proofs, votes and rewards. */
export function round(view: NodeView, text: string) {
  const number = parseNumber(text, 'round');
  const settled = view.chain.settledRound(number);
  if (settled === undefined) {
    throw apiError('API_NOT_FOUND', `round ${number} is not settled; the last settled round is ${view.chain.state().settledRound}`);
  }
  return settledRoundJson(settled);
}
