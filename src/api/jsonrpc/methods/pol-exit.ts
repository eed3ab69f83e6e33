import { WEI_PER_GWEI } from '../../../primitives/units.ts';
import { apiError } from '../../errors.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseQuantity } from '../parse.ts';
import { requireSpending } from '../signing.ts';

/** Asks for a part of the node's own stake back (wei, whole gwei). Gives the operation's identity; a block may hold it later. */
export const polExit: RpcMethod = {
  name: 'pol_exit',
  call([amount], context) {
    requireSpending('pol_exit', context);
    const wei = parseQuantity(amount, 'amount');
    if (wei % WEI_PER_GWEI !== 0n) throw apiError('API_INVALID_REQUEST', 'amount: stakes are given back in whole gwei');
    return data(context.view.operator.submit({ type: 'exit', gwei: wei / WEI_PER_GWEI }));
  },
};
