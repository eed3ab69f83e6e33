import type { RpcMethod } from '../handler.ts';

/** Always empty: a block that breaks a rule is never kept. */
export const debugGetBadBlocks: RpcMethod = {
  name: 'debug_getBadBlocks',
  call: () => [],
};
