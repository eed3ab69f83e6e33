import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';
import { receiptJson } from '../receipts.ts';

/** The receipt of a final transaction; null while it is not in a block. */
export const ethGetTransactionReceipt: RpcMethod = {
  name: 'eth_getTransactionReceipt',
  call([hash], { view }) {
    const receipt = view.execution.receipt(parseHash(hash, 'hash'));
    return receipt === undefined ? null : receiptJson(view, receipt);
  },
};
