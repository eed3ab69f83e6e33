import { blockAt } from '../blocks.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';

/** Always zero: there are no uncles. Null when there is no such block. */
export const ethGetUncleCountByBlockNumber: RpcMethod = {
  name: 'eth_getUncleCountByBlockNumber',
  call([block], { view }) {
    const found = blockAt(view, parseBlock(block, 'number'));
    return found === undefined ? null : quantity(found.uncles.length);
  },
};
