import { apiError } from '../../errors.ts';
import type { RpcMethod } from '../handler.ts';
import { parseText } from '../parse.ts';

/** Ends a subscription of this WebSocket. */
export const ethUnsubscribe: RpcMethod = {
  name: 'eth_unsubscribe',
  call([id], { subscriber }) {
    if (subscriber === undefined) throw apiError('API_NO_NOTIFICATIONS', 'notifications not supported: connect by WebSocket');
    if (!subscriber.remove(parseText(id, 'subscription'))) throw apiError('API_FILTER_NOT_FOUND', 'subscription not found');
    return true;
  },
};
