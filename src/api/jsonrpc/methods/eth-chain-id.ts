import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** EIP-695. */
export const ethChainId: RpcMethod = {
  name: 'eth_chainId',
  call: (_, { view }) => quantity(view.identity.genesis.chain_id),
};
