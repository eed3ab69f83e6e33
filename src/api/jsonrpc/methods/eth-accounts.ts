import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** The node’s own account: the one eth_sendTransaction spends from. */
export const ethAccounts: RpcMethod = {
  name: 'eth_accounts',
  call: (_, { view, maySpend }) => (maySpend ? [data(view.wallet.address)] : []),
};
