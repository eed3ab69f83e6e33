import type { RpcMethod } from '../handler.ts';
import { parseBlock, parseQuantity } from '../parse.ts';
import { transactionInBlock } from '../transactions.ts';

/** The transaction at an index of a block; null when there is none. */
export const ethGetTransactionByBlockNumberAndIndex: RpcMethod = {
  name: 'eth_getTransactionByBlockNumberAndIndex',
  call([number, index], { view }) {
    return transactionInBlock(view, parseBlock(number, 'number'), parseQuantity(index, 'index'));
  },
};
