import { callOf, returned } from '../calls.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock, parseTransaction } from '../parse.ts';

/** Executes a call on final state, changing nothing. */
export const ethCall: RpcMethod = {
  name: 'eth_call',
  async call([request, block], { view }) {
    const result = await view.execution.call(callOf(parseTransaction(request, 'transaction')), parseBlock(block, 'block'));
    return data(returned(result));
  },
};
