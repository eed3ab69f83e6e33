import { rewardJson } from '../../rest/reward.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress, parseQuantity } from '../parse.ts';

/** Where the coins of an account in a settled round came from; null when there is nothing to explain. */
export const polExplainReward: RpcMethod = {
  name: 'pol_explainReward',
  call([address, round], { view }) {
    return rewardJson(view, Number(parseQuantity(round, 'round')), parseAddress(address, 'address')) ?? null;
  },
};
