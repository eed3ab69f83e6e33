import { SUGGESTED_TIP_WEI } from '../fees.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** The usual tip. */
export const ethMaxPriorityFeePerGas: RpcMethod = {
  name: 'eth_maxPriorityFeePerGas',
  call: () => quantity(SUGGESTED_TIP_WEI),
};
