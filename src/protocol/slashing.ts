import type { Address } from '../primitives/keys.ts';
import { owe } from './payables.ts';
import { findByAddress } from './sorted.ts';
import { type Coins, stakeOf, withStake } from './stakes.ts';
import type { BountyRecord, Payable, SlashRecord } from './types.ts';

/** The part of what is taken that goes to whoever found it. */
const FINDERS_PART = 10n;

/** Who gets the finders' part. pool: accounts that were misled by nobody in particular; it goes to the bounty pool. */
export type Finders = readonly Address[] | 'pool';

export interface Slashing<C extends Coins> {
  readonly coins: C;
  readonly record: SlashRecord;
  /** What each finder is owed now; nothing for the pool. */
  readonly bounties: readonly BountyRecord[];
}

/**
 * Takes an offender's stake, bonded and unbonding: half of it the first time, all of it after that. A tenth goes to the
 * finders in equal parts, with as much again from the bounty pool as far as it reaches; the rest is burned. Finders thus get
 * at most a fifth of what is lost: nobody gains by finding an own fraud.
 */
export function slash<C extends Coins>(coins: C, offender: Address, reason: SlashRecord['reason'], finders: Finders): Slashing<C> {
  const held = stakeOf(coins.stakes, offender);
  const total = held.bonded + held.unbonding;
  const taken = held.offences === 0 ? (total + 1n) / 2n : total;
  const bonded = taken < held.bonded ? held.bonded - taken : 0n;
  const record = { ...held, bonded, unbonding: total - taken - bonded, offences: held.offences + 1 };
  // Who never staked has nothing to take, and no record to keep.
  const stakes = total === 0n && held.offences === 0 ? coins.stakes : (withStake(coins.stakes, record) ?? coins.stakes);
  const tenth = taken / FINDERS_PART;
  const after = finders === 'pool' ? fillPool({ ...coins, stakes }, tenth) : rewardFinders({ ...coins, stakes }, tenth, finders);
  const rewarded = finders === 'pool' || finders.length > 0 ? tenth : 0n;
  return {
    coins: { ...after, burned: after.burned + taken - rewarded },
    record: { address: offender, reason, wei: taken, rewarded },
    bounties:
      finders === 'pool' ? [] : finders.map((address) => ({ address, offender, wei: owedTo(after, address) - owedTo(coins, address) })),
  };
}

function owedTo({ payables }: Coins, address: Address): bigint {
  return findByAddress(payables, address, (each: Payable) => each.address)?.wei ?? 0n;
}

function fillPool<C extends Coins>(coins: C, wei: bigint): C {
  return { ...coins, bountyPool: coins.bountyPool + wei };
}

/** `tenth` and as much again from the pool. Without finders, nothing. */
function rewardFinders<C extends Coins>(coins: C, tenth: bigint, finders: readonly Address[]): C {
  if (finders.length === 0) return coins;
  const extra = coins.bountyPool < tenth ? coins.bountyPool : tenth;
  const each = (tenth + extra) / BigInt(finders.length);
  const rest = tenth + extra - each * BigInt(finders.length);
  const drawn = { ...coins, bountyPool: coins.bountyPool - extra, burned: coins.burned + rest };
  return finders.reduce((current, finder) => owe(current, finder, each), drawn);
}
