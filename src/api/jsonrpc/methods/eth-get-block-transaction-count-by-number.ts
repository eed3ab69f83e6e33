import { blockAt } from '../blocks.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';

/** How many transactions a block has; null when there is no such block. */
export const ethGetBlockTransactionCountByNumber: RpcMethod = {
  name: 'eth_getBlockTransactionCountByNumber',
  call([number], { view }) {
    const count = blockAt(view, parseBlock(number, 'number'))?.transactions.length;
    return count === undefined ? null : quantity(count);
  },
};
