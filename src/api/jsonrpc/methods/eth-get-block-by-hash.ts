import { blockJsonAt } from '../blocks.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBoolean, parseHash } from '../parse.ts';

/** A block by hash; null when there is none. */
export const ethGetBlockByHash: RpcMethod = {
  name: 'eth_getBlockByHash',
  call: ([block, full], { view }) => blockJsonAt(view, parseHash(block, 'hash'), parseBoolean(full, 'full')),
};
