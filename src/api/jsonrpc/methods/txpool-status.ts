import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** How many transactions are pooled. */
export const txpoolStatus: RpcMethod = {
  name: 'txpool_status',
  call(_, { view }) {
    const { pending, queued } = view.chain.poolContent();
    return { pending: quantity(pending.length), queued: quantity(queued.length) };
  },
};
