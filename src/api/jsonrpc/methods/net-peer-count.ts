import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** Number of connected peers. */
export const netPeerCount: RpcMethod = {
  name: 'net_peerCount',
  call: (_, { view }) => quantity(view.peers().length),
};
