import { blockJson } from '../blocks.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBoolean, parseHash } from '../parse.ts';

/** A block by hash; null when there is none. */
export const ethGetBlockByHash: RpcMethod = {
  name: 'eth_getBlockByHash',
  call([hash, full], { view }) {
    return blockJson(view, parseHash(hash, 'hash'), parseBoolean(full, 'full'));
  },
};
