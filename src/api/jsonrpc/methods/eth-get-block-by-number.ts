import { blockJsonAt } from '../blocks.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock, parseBoolean } from '../parse.ts';

/** A block by number; null when there is none. */
export const ethGetBlockByNumber: RpcMethod = {
  name: 'eth_getBlockByNumber',
  call: ([block, full], { view }) => blockJsonAt(view, parseBlock(block, 'number'), parseBoolean(full, 'full')),
};
