import { blockJson } from '../blocks.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock, parseBoolean } from '../parse.ts';

/** A block by number; null when there is none. */
export const ethGetBlockByNumber: RpcMethod = {
  name: 'eth_getBlockByNumber',
  call([number, full], { view }) {
    return blockJson(view, parseBlock(number, 'number'), parseBoolean(full, 'full'));
  },
};
