import type { RpcMethod } from '../handler.ts';
import { parseLogQuery } from '../logs.ts';

/** Installs a filter of logs; answers its name. */
export const ethNewFilter: RpcMethod = {
  name: 'eth_newFilter',
  call: ([filter], { filters }) => filters.addLogs(parseLogQuery(filter, 'filter')),
};
