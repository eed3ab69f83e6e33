import { MAX_GENERATIONS } from '../../../protocol/onion.ts';
import { apiError } from '../../errors.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseQuantity } from '../parse.ts';

/**
 * What authorities need to vote this node in: its address and the tips of its two hash chains, which are public. Of the generation given,
 * 0 when none is.
 */
export const polCandidacy: RpcMethod = {
  name: 'pol_candidacy',
  async call([wanted], { view }) {
    const generation = wanted === undefined ? 0n : parseQuantity(wanted, 'generation');
    if (generation >= MAX_GENERATIONS) throw apiError('API_INVALID_REQUEST', `generation: must be below ${MAX_GENERATIONS}`);
    const { tip, secretTip } = await view.operator.candidacy(Number(generation));
    return { address: data(view.wallet.address), tip: data(tip), secret_tip: data(secretTip) };
  },
};
