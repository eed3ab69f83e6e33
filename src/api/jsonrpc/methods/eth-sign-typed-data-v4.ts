import type { RpcMethod } from '../handler.ts';
import { signAs } from '../signing.ts';
import { typedDataDigest } from '../typed-data.ts';

/** Signs typed data with the node's account (EIP-712). */
export const ethSignTypedDataV4: RpcMethod = {
  name: 'eth_signTypedData_v4',
  call: ([address, typedData], context) => signAs(address, typedDataDigest(typedData), 'eth_signTypedData_v4', context),
};
