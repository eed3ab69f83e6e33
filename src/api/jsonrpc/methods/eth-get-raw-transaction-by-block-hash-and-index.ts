import { rawTransactions } from '../../../execution/block-view.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseHash, parseQuantity } from '../parse.ts';

/** The bytes of the transaction at an index of a block; null when there is none. */
export const ethGetRawTransactionByBlockHashAndIndex: RpcMethod = {
  name: 'eth_getRawTransactionByBlockHashAndIndex',
  call([block, index], { view }) {
    const bytes = view.execution.block(parseHash(block, 'hash'));
    const raw = bytes === undefined ? undefined : rawTransactions(bytes)[Number(parseQuantity(index, 'index'))];
    return raw === undefined ? null : data(raw);
  },
};
