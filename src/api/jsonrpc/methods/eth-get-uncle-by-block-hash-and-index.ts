import type { RpcMethod } from '../handler.ts';
import { parseHash, parseQuantity } from '../parse.ts';

/** Always null: there are no uncles. */
export const ethGetUncleByBlockHashAndIndex: RpcMethod = {
  name: 'eth_getUncleByBlockHashAndIndex',
  call([block, index]) {
    parseHash(block, 'hash');
    parseQuantity(index, 'index');
    return null;
  },
};
