import { SUGGESTED_TIP_WEI } from '../fees.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** A legacy gas price that is included at once: the next block’s base fee and the usual tip. */
export const ethGasPrice: RpcMethod = {
  name: 'eth_gasPrice',
  call: (_, { view }) => quantity(view.execution.nextFees().baseFeePerGas + SUGGESTED_TIP_WEI),
};
