import type { RpcMethod } from '../handler.ts';

/** Installs a filter of new blocks; answers its name. */
export const ethNewBlockFilter: RpcMethod = {
  name: 'eth_newBlockFilter',
  call: (_, { filters }) => filters.addBlocks(),
};
