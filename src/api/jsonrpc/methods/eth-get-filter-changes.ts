import type { RpcMethod } from '../handler.ts';
import { parseText } from '../parse.ts';

/** What happened since the filter was asked last. */
export const ethGetFilterChanges: RpcMethod = {
  name: 'eth_getFilterChanges',
  call: ([id], { filters }) => filters.changes(parseText(id, 'filter')),
};
