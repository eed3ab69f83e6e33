import type { RpcMethod } from '../handler.ts';
import { parseBlock, parseQuantity } from '../parse.ts';

/** Always null: there are no uncles. */
export const ethGetUncleByBlockNumberAndIndex: RpcMethod = {
  name: 'eth_getUncleByBlockNumberAndIndex',
  call([block, index]) {
    parseBlock(block, 'number');
    parseQuantity(index, 'index');
    return null;
  },
};
