import type { Address } from '../primitives/keys.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import { bond, type Coins, stakeOf } from './stakes.ts';
import type { Withdrawal } from './types.ts';

export interface Payment<C extends Coins> {
  readonly coins: C;
  /** What goes to the account's balance; undefined for nothing. */
  readonly withdrawal: Withdrawal | undefined;
  /** Wei that went into its stake, and wei for which that had no room. */
  readonly locked: bigint;
  readonly unminted: bigint;
}

/**
 * Mints a reward in whole gwei. Of an account whose bonded stake is under its minimum, it is locked into the stake until that is
 * reached; the rest is paid out.
 */
export function pay<C extends Coins>(coins: C, address: Address, reward: bigint, minimum: bigint): Payment<C> {
  const missing = minimum - stakeOf(coins.stakes, address).bonded;
  const wholeMissing = missing <= 0n ? 0n : missing + (WEI_PER_GWEI - (missing % WEI_PER_GWEI || WEI_PER_GWEI));
  const wanted = wholeMissing < reward ? wholeMissing : reward;
  const bonded = wanted === 0n ? coins : bond(coins, address, wanted);
  // No room for one more stake: what would be locked is not minted.
  const locked = bonded === undefined ? 0n : wanted;
  const paid = reward - wanted;
  const after = { ...(bonded ?? coins), minted: coins.minted + locked + paid };
  const withdrawal = paid === 0n ? undefined : { address, gwei: paid / WEI_PER_GWEI };
  return { coins: after, withdrawal, locked, unminted: wanted - locked };
}
