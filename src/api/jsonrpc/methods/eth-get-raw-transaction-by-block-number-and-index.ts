import { rawTransactions } from '../../../execution/block-view.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock, parseQuantity } from '../parse.ts';

/** The bytes of the transaction at an index of a block; null when there is none. */
export const ethGetRawTransactionByBlockNumberAndIndex: RpcMethod = {
  name: 'eth_getRawTransactionByBlockNumberAndIndex',
  call([block, index], { view }) {
    const bytes = view.execution.block(parseBlock(block, 'number'));
    const raw = bytes === undefined ? undefined : rawTransactions(bytes)[Number(parseQuantity(index, 'index'))];
    return raw === undefined ? null : data(raw);
  },
};
