import type { RpcMethod } from '../handler.ts';
import { parseBytes } from '../parse.ts';
import { personalDigest, signAs } from '../signing.ts';

/** Signs a message with the node's account (EIP-191). */
export const ethSign: RpcMethod = {
  name: 'eth_sign',
  call: ([address, message], context) => signAs(address, personalDigest(parseBytes(message, 'message')), 'eth_sign', context),
};
