import { callOf } from '../calls.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock, parseTransaction } from '../parse.ts';

/** The least gas limit with which the transaction succeeds. */
export const ethEstimateGas: RpcMethod = {
  name: 'eth_estimateGas',
  async call([request, block], { view }) {
    return quantity(await view.execution.estimateGas(callOf(parseTransaction(request, 'transaction')), parseBlock(block, 'block')));
  },
};
