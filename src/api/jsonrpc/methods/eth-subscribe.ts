import { apiError } from '../../errors.ts';
import type { RpcMethod } from '../handler.ts';
import { parseTopic } from '../subscriptions.ts';

/** Begins to tell this WebSocket of something as it happens; answers the subscription's name. */
export const ethSubscribe: RpcMethod = {
  name: 'eth_subscribe',
  call(params, { subscriber }) {
    if (subscriber === undefined) throw apiError('API_NO_NOTIFICATIONS', 'notifications not supported: connect by WebSocket');
    return subscriber.add(parseTopic(params), 'eth');
  },
};
