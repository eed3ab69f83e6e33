import type { RpcMethod } from '../handler.ts';
import { parseHash, parseQuantity } from '../parse.ts';
import { transactionInBlock } from '../transactions.ts';

/** The transaction at an index of a block; null when there is none. */
export const ethGetTransactionByBlockHashAndIndex: RpcMethod = {
  name: 'eth_getTransactionByBlockHashAndIndex',
  call([hash, index], { view }) {
    return transactionInBlock(view, parseHash(hash, 'hash'), parseQuantity(index, 'index'));
  },
};
