import type { RpcMethod } from '../handler.ts';

/** The namespaces served. */
export const rpcModules: RpcMethod = {
  name: 'rpc_modules',
  call: () => ({ debug: '1.0', eth: '1.0', net: '1.0', personal: '1.0', pol: '1.0', rpc: '1.0', txpool: '1.0', web3: '1.0' }),
};
