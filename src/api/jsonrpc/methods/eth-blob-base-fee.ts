import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** What the next block would ask for a unit of blob gas, wei: the least, as there are no blobs. */
export const ethBlobBaseFee: RpcMethod = {
  name: 'eth_blobBaseFee',
  call: (_, { view }) => quantity(view.execution.nextFees().blobBaseFee),
};
