import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';
import { transactionByHash } from '../transactions.ts';

/** A final or pooled transaction; null when unknown. */
export const ethGetTransactionByHash: RpcMethod = {
  name: 'eth_getTransactionByHash',
  call([hash], { view }) {
    return transactionByHash(view, parseHash(hash, 'hash'));
  },
};
