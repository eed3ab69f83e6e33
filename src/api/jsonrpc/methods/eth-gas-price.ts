import { baseFeePerGas, SUGGESTED_TIP_WEI } from '../fees.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** A legacy gas price that is included at once: base fee and the usual tip. */
export const ethGasPrice: RpcMethod = {
  name: 'eth_gasPrice',
  call: (_, { view }) => quantity(baseFeePerGas(view) + SUGGESTED_TIP_WEI),
};
