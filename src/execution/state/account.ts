import { KECCAK256_NULL, KECCAK256_RLP } from '@ethereumjs/util';
import { decodeRlp } from '../../codec/rlp.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { encodedBytes, encodedInteger, encodedList } from './rlp-parts.ts';

/** An account as the state trie has it (yellow paper, section 4.1). */
export interface AccountRecord {
  readonly nonce: bigint;
  /** wei */
  readonly balance: bigint;
  readonly storageRoot: Hash;
  readonly codeHash: Hash;
}

export const EMPTY_ACCOUNT: AccountRecord = { nonce: 0n, balance: 0n, storageRoot: KECCAK256_RLP, codeHash: KECCAK256_NULL };

/** EIP-161: no nonce, no balance, no code. */
export function isEmptyAccount(account: AccountRecord): boolean {
  return account.nonce === 0n && account.balance === 0n && !hasCode(account);
}

export function hasCode({ codeHash }: AccountRecord): boolean {
  return !equalBytes(codeHash, KECCAK256_NULL);
}

export function encodeAccount({ nonce, balance, storageRoot, codeHash }: AccountRecord): Uint8Array {
  return encodedList([encodedInteger(nonce), encodedInteger(balance), encodedBytes(storageRoot), encodedBytes(codeHash)]);
}

/** @throws RangeError when the bytes are no account */
export function decodeAccount(bytes: Uint8Array): AccountRecord {
  const items = decodeRlp(bytes);
  const [nonce, balance, storageRoot, codeHash] = items;
  if (
    items.length !== 4 ||
    !(nonce instanceof Uint8Array && balance instanceof Uint8Array && storageRoot instanceof Uint8Array && codeHash instanceof Uint8Array)
  ) {
    throw new RangeError('an account has four fields');
  }
  return { nonce: integerOf(nonce), balance: integerOf(balance), storageRoot, codeHash };
}

function integerOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`);
}
