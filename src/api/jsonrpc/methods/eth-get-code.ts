import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress, parseBlock } from '../parse.ts';

/** Contract code. */
export const ethGetCode: RpcMethod = {
  name: 'eth_getCode',
  call: async ([address, block], { view }) => data(await view.execution.code(parseAddress(address, 'address'), parseBlock(block, 'block'))),
};
