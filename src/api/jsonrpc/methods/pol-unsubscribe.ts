import type { RpcMethod } from '../handler.ts';
import { ethUnsubscribe } from './eth-unsubscribe.ts';

/** Ends a subscription of this WebSocket, whichever method began it. */
export const polUnsubscribe: RpcMethod = { name: 'pol_unsubscribe', call: ethUnsubscribe.call };
