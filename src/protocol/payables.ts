import type { Address } from '../primitives/keys.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import { MAX_PAYABLES, MAX_PAYOUTS_PER_BLOCK } from './limits.ts';
import { findByAddress, withItem } from './sorted.ts';
import type { Payable, ProtocolState, Withdrawal } from './types.ts';

type Debts = Pick<ProtocolState, 'payables' | 'burned'>;

const addressOf = (payable: Payable): Address => payable.address;

/**
 * Notes that the protocol owes an account coins. Whole gwei are owed, which is what a withdrawal can carry (EIP-4895); the
 * rest is burned, and all of it when the list is full.
 */
export function owe<D extends Debts>(debts: D, address: Address, wei: bigint): D {
  const known = findByAddress(debts.payables, address, addressOf);
  const hasRoom = known !== undefined || debts.payables.length < MAX_PAYABLES;
  const owed = hasRoom ? wei - (wei % WEI_PER_GWEI) : 0n;
  const burned = debts.burned + wei - owed;
  if (owed === 0n) return { ...debts, burned };
  return { ...debts, burned, payables: withItem(debts.payables, { address, wei: (known?.wei ?? 0n) + owed }, addressOf) };
}

/** Pays the first of those that are owed something: a bounded number in each ordinary block. */
export function payOut<D extends Debts>(debts: D): { readonly debts: D; readonly withdrawals: readonly Withdrawal[] } {
  const due = debts.payables.slice(0, MAX_PAYOUTS_PER_BLOCK);
  if (due.length === 0) return { debts, withdrawals: [] };
  return {
    debts: { ...debts, payables: debts.payables.slice(due.length) },
    withdrawals: due.map(({ address, wei }) => ({ address, gwei: wei / WEI_PER_GWEI })),
  };
}
