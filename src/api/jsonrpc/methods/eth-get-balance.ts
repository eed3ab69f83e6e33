import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress, parseBlock } from '../parse.ts';

/** Balance in wei. The block may be left out: it is then the latest. */
export const ethGetBalance: RpcMethod = {
  name: 'eth_getBalance',
  async call([address, block], { view }) {
    return quantity(await view.execution.balance(parseAddress(address, 'address'), parseBlock(block, 'block')));
  },
};
