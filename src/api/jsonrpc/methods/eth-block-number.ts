import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** Height of the last final block. */
export const ethBlockNumber: RpcMethod = {
  name: 'eth_blockNumber',
  call: (_, { view }) => quantity(view.chain.head().height),
};
