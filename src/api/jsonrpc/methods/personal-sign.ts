import type { RpcMethod } from '../handler.ts';
import { parseBytes } from '../parse.ts';
import { personalDigest, signAs } from '../signing.ts';

/** The same as eth_sign, parameters the other way round, as wallets ask it. */
export const personalSign: RpcMethod = {
  name: 'personal_sign',
  call: ([message, address], context) => signAs(address, personalDigest(parseBytes(message, 'message')), 'personal_sign', context),
};
