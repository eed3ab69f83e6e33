import type { RpcMethod } from '../handler.ts';

/** Installs a filter of pooled transactions; answers its name. */
export const ethNewPendingTransactionFilter: RpcMethod = {
  name: 'eth_newPendingTransactionFilter',
  call: (_, { filters }) => filters.addPending(),
};
