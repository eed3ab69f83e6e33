import type { RpcMethod } from '../handler.ts';
import { parseText } from '../parse.ts';

/** Forgets a filter; false when there is none. */
export const ethUninstallFilter: RpcMethod = {
  name: 'eth_uninstallFilter',
  call: ([id], { filters }) => filters.remove(parseText(id, 'filter')),
};
