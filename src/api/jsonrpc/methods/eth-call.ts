import { callOf, returned } from '../calls.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseOverrides } from '../overrides.ts';
import { parseBlock, parseTransaction } from '../parse.ts';

/** Executes a call on final state, with overrides of accounts and block, changing nothing. */
export const ethCall: RpcMethod = {
  name: 'eth_call',
  async call([request, block, state, blockOverrides], { view }) {
    const overrides = parseOverrides(state, blockOverrides);
    return data(
      returned(await view.execution.call(callOf(parseTransaction(request, 'transaction')), parseBlock(block, 'block'), overrides)),
    );
  },
};
