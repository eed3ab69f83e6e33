import { settledRoundJson } from '../../view-models.ts';
import type { RpcMethod } from '../handler.ts';
import { parseQuantity } from '../parse.ts';

/** A settled round of training: proofs, votes, rewards; null when it is not settled. */
export const polGetRound: RpcMethod = {
  name: 'pol_getRound',
  call([number], { view }) {
    const settled = view.chain.settledRound(Number(parseQuantity(number, 'round')));
    return settled === undefined ? null : settledRoundJson(settled);
  },
};
