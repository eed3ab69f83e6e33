import { headerAt, headerJson } from '../blocks.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';

/** A block’s header by number; null when there is none. */
export const ethGetHeaderByNumber: RpcMethod = {
  name: 'eth_getHeaderByNumber',
  call([block], { view }) {
    const header = headerAt(view, parseBlock(block, 'number'));
    return header === undefined ? null : headerJson(header);
  },
};
