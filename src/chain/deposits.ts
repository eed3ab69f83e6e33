import type { TransactionSummary } from '../execution/engine.ts';
import { STAKE_ADDRESS } from '../params/genesis.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Deposit } from '../protocol/types.ts';

/**
 * Coins that a block's transactions sent to the stake address, in their order. There is no code at that address, so a transaction that
 * is in a block has moved its value: no receipt is needed.
 */
export function depositsIn(transactions: readonly TransactionSummary[]): readonly Deposit[] {
  return transactions
    .filter(({ to, value }) => value > 0n && to !== undefined && equalBytes(to, STAKE_ADDRESS))
    .map(({ from, value }) => ({ address: from, wei: value }));
}
