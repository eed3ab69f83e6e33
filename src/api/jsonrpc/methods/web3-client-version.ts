import type { RpcMethod } from '../handler.ts';

/** Name and version of this program. */
export const web3ClientVersion: RpcMethod = {
  name: 'web3_clientVersion',
  call: (_, { view }) => `pol-node/v${view.identity.version}/${process.platform}-${process.arch}/node${process.versions.node}`,
};
