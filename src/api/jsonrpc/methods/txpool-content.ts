import type { RpcMethod } from '../handler.ts';
import { poolContent } from '../pool.ts';
import { pooledTransactionJson } from '../transactions.ts';

/** All pooled transactions: those that the next block could hold, and those that wait for an earlier nonce. */
export const txpoolContent: RpcMethod = {
  name: 'txpool_content',
  call: (_, { view }) => poolContent(view, ({ raw }) => pooledTransactionJson(raw)),
};
