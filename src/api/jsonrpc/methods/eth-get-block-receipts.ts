import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';
import { receiptJson } from '../receipts.ts';

/** All receipts of a block; null when there is no such block. */
export const ethGetBlockReceipts: RpcMethod = {
  name: 'eth_getBlockReceipts',
  call([block], { view }) {
    return view.execution.receipts(parseBlock(block, 'block'))?.map((receipt) => receiptJson(view, receipt)) ?? null;
  },
};
