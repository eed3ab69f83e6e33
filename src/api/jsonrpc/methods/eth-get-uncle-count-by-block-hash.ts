import { blockAt } from '../blocks.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';

/** Always zero: there are no uncles. Null when there is no such block. */
export const ethGetUncleCountByBlockHash: RpcMethod = {
  name: 'eth_getUncleCountByBlockHash',
  call([block], { view }) {
    const found = blockAt(view, parseHash(block, 'hash'));
    return found === undefined ? null : quantity(found.uncles.length);
  },
};
