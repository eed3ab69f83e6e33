import { headerAt, headerJson } from '../blocks.ts';
import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';

/** A block’s header by hash; null when there is none. */
export const ethGetHeaderByHash: RpcMethod = {
  name: 'eth_getHeaderByHash',
  call([block], { view }) {
    const header = headerAt(view, parseHash(block, 'hash'));
    return header === undefined ? null : headerJson(header);
  },
};
