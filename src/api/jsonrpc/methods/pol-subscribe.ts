import { apiError } from '../../errors.ts';
import type { RpcMethod } from '../handler.ts';
import { parseTopic } from '../subscriptions.ts';

/** The same as eth_subscribe, told by `pol_subscription`: libraries that know Ethereum's topics only let this one pass. */
export const polSubscribe: RpcMethod = {
  name: 'pol_subscribe',
  call(params, { subscriber }) {
    if (subscriber === undefined) throw apiError('API_NO_NOTIFICATIONS', 'notifications not supported: connect by WebSocket');
    return subscriber.add(parseTopic(params), 'pol');
  },
};
