import { quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** The rules in force (EIP-7910). */
export const ethConfig: RpcMethod = {
  name: 'eth_config',
  call(_, { view }) {
    const { chainId, ...rest } = view.execution.forkConfig();
    // The rules of this chain are one table: a change of them would be another protocol version.
    return { current: { ...rest, chainId: quantity(chainId) }, next: null, last: null };
  },
};
