import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** The node’s own account, which receives the fees of blocks it proposes. */
export const ethCoinbase: RpcMethod = {
  name: 'eth_coinbase',
  call: (_, { view }) => data(view.identity.address),
};
