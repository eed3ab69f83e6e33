import { concatBytes, equalBytes, toHex, utf8 } from '../../primitives/bytes.ts';
import { type Hash, keccak256 } from '../../primitives/hash.ts';
import { apiError } from '../errors.ts';
import { data } from './format.ts';
import type { RpcContext } from './handler.ts';
import { parseAddress } from './parse.ts';

/** What only programs of this machine may have done with the node's key. @throws API_FORBIDDEN */
export function requireSpending(method: string, { maySpend }: Pick<RpcContext, 'maySpend'>): void {
  if (maySpend) return;
  throw apiError(
    'API_FORBIDDEN',
    `${method} uses the node’s key and spends its coins: it is for programs of this machine, with the API on loopback (--api-host 127.0.0.1), and for who sends the spending token, not for web pages`,
  );
}

/** The digest of a message for people (EIP-191), which no transaction can have. */
export function personalDigest(message: Uint8Array): Hash {
  return keccak256(concatBytes(utf8(`\x19Ethereum Signed Message:\n${message.length}`), message));
}

/** Signs with the node's account: r, s, and v as 27 or 28. @throws API_FORBIDDEN, API_INVALID_REQUEST for another account */
export function signAs(account: unknown, digest: Hash, method: string, context: RpcContext): string {
  requireSpending(method, context);
  const { wallet } = context.view;
  if (!equalBytes(parseAddress(account, 'address'), wallet.address)) {
    throw apiError('API_INVALID_REQUEST', `address: unknown account; this node signs for ${data(wallet.address)} only`);
  }
  const signature = wallet.sign(digest);
  return toHex(concatBytes(signature.subarray(0, 64), Uint8Array.of(27 + (signature[64] ?? 0))));
}
