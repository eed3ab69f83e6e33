import { callOf } from '../calls.ts';
import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseOverrides } from '../overrides.ts';
import { parseBlock, parseTransaction } from '../parse.ts';

/** A gas limit with which the transaction succeeds, close to the least. */
export const ethEstimateGas: RpcMethod = {
  name: 'eth_estimateGas',
  async call([request, block, state, blockOverrides], { view }) {
    const overrides = parseOverrides(state, blockOverrides);
    const call = callOf(parseTransaction(request, 'transaction'));
    return quantity(await view.execution.estimateGas(call, parseBlock(block, 'block'), overrides));
  },
};
