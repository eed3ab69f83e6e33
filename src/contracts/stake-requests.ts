import { ADDRESS_BYTES, type Address } from '../primitives/keys.ts';
import { entrySlot, numberOf, word } from './storage.ts';

/** What an account asked of the stake contract: wei to stake, or gwei to have back. */
export type StakeRequest =
  | { readonly kind: 'deposit'; readonly account: Address; readonly wei: bigint }
  | { readonly kind: 'exit'; readonly account: Address; readonly gwei: bigint };

/** The layout of contracts/Stake.sol. */
export const LEAST_DEPOSIT_SLOT = word(0n);
const COUNTER_SLOT = word(1n);
const REQUESTS_SLOT = 2;
const COUNTER_BITS = 64n;
const ACCOUNT_BITS = 160n;

/** What a block brought to the stake contract, from the state after it, in the order of its transactions. */
export function stakeRequests(storage: (slot: Uint8Array) => Uint8Array, blockNumber: number): readonly StakeRequest[] {
  const counter = numberOf(storage(COUNTER_SLOT));
  if (BigInt.asUintN(Number(COUNTER_BITS), counter) !== BigInt(blockNumber)) return [];
  return Array.from({ length: Number(counter >> COUNTER_BITS) }, (_, i): StakeRequest => {
    const entry = entrySlot(REQUESTS_SLOT, BigInt(i));
    const head = numberOf(storage(entry(0)));
    const amount = numberOf(storage(entry(1)));
    const account = word(BigInt.asUintN(Number(ACCOUNT_BITS), head)).subarray(-ADDRESS_BYTES);
    return head >> ACCOUNT_BITS === 0n ? { kind: 'deposit', account, wei: amount } : { kind: 'exit', account, gwei: amount };
  });
}
