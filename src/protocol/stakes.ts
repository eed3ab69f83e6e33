import type { Address } from '../primitives/keys.ts';
import type { ProtocolContext } from './context.ts';
import { MAX_STAKE_RECORDS } from './limits.ts';
import { owe } from './payables.ts';
import { isDistrusted } from './reputation.ts';
import { findByAddress, withItem } from './sorted.ts';
import type { Deposit, ProtocolState, StakeRecord, TrainerRecord } from './types.ts';

/** The part of the state that holds coins. */
export type Coins = Pick<ProtocolState, 'stakes' | 'payables' | 'minted' | 'burned' | 'bountyPool'>;

const TRAINER_STAKE_REWARDS = 10n;
const AUTHORITY_STAKE_REWARDS = 50n;

const addressOf = (record: StakeRecord): Address => record.address;

export function stakeOf(stakes: readonly StakeRecord[], address: Address): StakeRecord {
  return findByAddress(stakes, address, addressOf) ?? { address, bonded: 0n, unbonding: 0n, unbondsAt: 0, offences: 0 };
}

/** Ten times the largest reward: fraud must cost more than it can bring. */
export function trainerMinimum({ largestReward }: Pick<ProtocolState, 'largestReward'>): bigint {
  return TRAINER_STAKE_REWARDS * largestReward;
}

/** Fifty times: an authority can do more harm. */
export function authorityMinimum({ largestReward }: Pick<ProtocolState, 'largestReward'>): bigint {
  return AUTHORITY_STAKE_REWARDS * largestReward;
}

/** True when the trainer's bonded stake is under the minimum; what is asked back does not count. */
export function isUnderstaked(state: Pick<ProtocolState, 'largestReward' | 'stakes'>, trainer: Address): boolean {
  return stakeOf(state.stakes, trainer).bonded < trainerMinimum(state);
}

/** On probation every segment is checked and few may be claimed: without its stake, or with a bad record. */
export function isOnProbation(state: Pick<ProtocolState, 'largestReward' | 'stakes' | 'trainers'>, trainer: Address): boolean {
  const record = findByAddress(state.trainers, trainer, (each: TrainerRecord) => each.address);
  return record === undefined || isDistrusted(record.reputation) || isUnderstaked(state, trainer);
}

/** Puts a record in place; undefined when a new one finds no room. Empty records give theirs up, that of an offender too. */
export function withStake(stakes: readonly StakeRecord[], record: StakeRecord): readonly StakeRecord[] | undefined {
  if (stakes.length < MAX_STAKE_RECORDS || findByAddress(stakes, record.address, addressOf) !== undefined) {
    return withItem(stakes, record, addressOf);
  }
  const used = stakes.filter(({ bonded, unbonding }) => bonded + unbonding > 0n);
  return used.length < MAX_STAKE_RECORDS ? withItem(used, record, addressOf) : undefined;
}

/** Adds coins to an account's stake; undefined when it finds no room. */
export function bond<C extends Coins>(coins: C, address: Address, wei: bigint): C | undefined {
  const held = stakeOf(coins.stakes, address);
  const stakes = withStake(coins.stakes, { ...held, bonded: held.bonded + wei });
  return stakes === undefined ? undefined : { ...coins, stakes };
}

/**
 * Coins that transactions sent to the stake address become stakes. Under the minimum deposit they are burned, so that nobody
 * fills the table for nothing; what finds no room in it is given back.
 */
export function takeDeposits<C extends Coins>(coins: C, deposits: readonly Deposit[], { genesis }: ProtocolContext): C {
  const least = BigInt(genesis.staking.minimum_deposit);
  let current = coins;
  for (const { address, wei } of deposits) {
    if (wei < least) current = { ...current, burned: current.burned + wei };
    else current = bond(current, address, wei) ?? owe(current, address, wei);
  }
  return current;
}
