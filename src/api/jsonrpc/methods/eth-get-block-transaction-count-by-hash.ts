import { blockAt } from '../blocks.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';

/** How many transactions a block has; null when there is no such block. */
export const ethGetBlockTransactionCountByHash: RpcMethod = {
  name: 'eth_getBlockTransactionCountByHash',
  call([hash], { view }) {
    const count = blockAt(view, parseHash(hash, 'hash'))?.transactions.length;
    return count === undefined ? null : quantity(count);
  },
};
