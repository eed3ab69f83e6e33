import { equalBytes } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { EMPTY_ACCOUNT, hasCode } from './state/account.ts';
import type { WorldState } from './state/world-state.ts';
import type { DecodedTransaction } from './transactions.ts';

/** Addresses that begin with this many zeros may be precompiled contracts of some fork; nobody has the key of one. */
const RESERVED_ZERO_BYTES = 18;

/**
 * Whether a transaction runs no code: it goes to an account without any, and no access list changes what it costs. Then all that it
 * does is known, and the EVM is not needed.
 */
export function isPlainTransfer(state: WorldState, { to, accessList }: DecodedTransaction): boolean {
  if (to === undefined || accessList.length > 0) return false;
  let zeros = 0;
  while (to[zeros] === 0) zeros++;
  if (zeros >= RESERVED_ZERO_BYTES) return false;
  const recipient = state.account(to);
  return recipient === undefined || !hasCode(recipient);
}

/**
 * What a block's plain transfer does (yellow paper, section 6.2; EIP-1559): nonce, value, the whole of the intrinsic gas, the tip to the
 * fee recipient; the base fee is burned. The caller has checked nonce and balance.
 */
export function applyTransfer(
  state: WorldState,
  transaction: DecodedTransaction,
  block: { readonly feeRecipient: Address; readonly gasPrice: bigint; readonly baseFeePerGas: bigint },
): void {
  const { from, to, value, intrinsicGas } = transaction;
  const sender = state.account(from) ?? EMPTY_ACCOUNT;
  const isToSelf = to !== undefined && equalBytes(from, to);
  state.setAccount(from, {
    ...sender,
    nonce: sender.nonce + 1n,
    balance: sender.balance - intrinsicGas * block.gasPrice - (isToSelf ? 0n : value),
  });
  if (to !== undefined && !isToSelf) state.addBalance(to, value);
  state.addBalance(block.feeRecipient, intrinsicGas * (block.gasPrice - block.baseFeePerGas));
}
