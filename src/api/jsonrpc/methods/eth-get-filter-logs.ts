import type { RpcMethod } from '../handler.ts';
import { parseText } from '../parse.ts';

/** All logs of a filter of logs. */
export const ethGetFilterLogs: RpcMethod = {
  name: 'eth_getFilterLogs',
  call: ([id], { filters }) => filters.logs(parseText(id, 'filter')),
};
