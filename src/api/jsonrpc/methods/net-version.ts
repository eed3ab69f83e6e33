import type { RpcMethod } from '../handler.ts';

/** The chain id in decimal, as geth answers it. */
export const netVersion: RpcMethod = {
  name: 'net_version',
  call: (_, { view }) => view.identity.genesis.chain_id.toString(),
};
