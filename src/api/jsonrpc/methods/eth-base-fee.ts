import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** What the next block asks for a unit of gas, wei. */
export const ethBaseFee: RpcMethod = {
  name: 'eth_baseFee',
  call: (_, { view }) => quantity(view.execution.nextFees().baseFeePerGas),
};
