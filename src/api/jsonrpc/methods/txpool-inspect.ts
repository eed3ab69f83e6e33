import { checksumAddress } from '../../../primitives/keys.ts';
import type { RpcMethod } from '../handler.ts';
import { poolContent } from '../pool.ts';

/** All pooled transactions, a line each. */
export const txpoolInspect: RpcMethod = {
  name: 'txpool_inspect',
  call: (_, { view }) =>
    poolContent(view, ({ to, value, gas, gasPrice, maxFeePerGas }) => {
      const target = to === undefined ? 'contract creation' : checksumAddress(to);
      return `${target}: ${value} wei + ${gas} gas × ${gasPrice ?? maxFeePerGas ?? 0n} wei`;
    }),
};
