import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress, parseBlock } from '../parse.ts';

/** An account’s next nonce; with "pending", pooled transactions are counted. */
export const ethGetTransactionCount: RpcMethod = {
  name: 'eth_getTransactionCount',
  async call([address, block], { view }) {
    const account = parseAddress(address, 'address');
    if (block === 'pending') return quantity(await view.chain.pendingNonce(account));
    return quantity(await view.execution.nonce(account, parseBlock(block, 'block')));
  },
};
