import type { RpcMethod } from '../handler.ts';
import { logJson, parseLogQuery, queryLogs } from '../logs.ts';

/** Logs of final blocks by address and topics. */
export const ethGetLogs: RpcMethod = {
  name: 'eth_getLogs',
  call: async ([filter], { view }) => (await queryLogs(view, parseLogQuery(filter, 'filter'))).map(logJson),
};
