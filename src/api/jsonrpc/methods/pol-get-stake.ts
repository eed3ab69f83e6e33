import { stakeJson } from '../../rest/stake.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress } from '../parse.ts';

/** What an account has at stake; the node's own when none is named. */
export const polGetStake: RpcMethod = {
  name: 'pol_getStake',
  call([address], { view }) {
    return stakeJson(view, address === undefined ? view.wallet.address : parseAddress(address, 'address'));
  },
};
