import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** False, or how far the catch-up is. */
export const ethSyncing: RpcMethod = {
  name: 'eth_syncing',
  call(_, { view }) {
    const syncing = view.chain.syncing();
    if (syncing === undefined) return false;
    return {
      startingBlock: quantity(syncing.current),
      currentBlock: quantity(view.chain.head().height),
      highestBlock: quantity(syncing.highest),
    };
  },
};
