import type { ExitOperation } from '../codec/types.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import type { ProtocolContext } from './context.ts';
import { owe } from './payables.ts';
import { judgeExit } from './rules/stakes.ts';
import { type Coins, stakeOf, withStake } from './stakes.ts';
import type { AskedExit, ProtocolState, StakeRecord } from './types.ts';

/** Begins to give a part of a stake back: from now on it counts for no minimum, and can still be slashed. */
export function startExit(state: ProtocolState, { account, gwei }: ExitOperation, { genesis }: ProtocolContext): ProtocolState {
  const held = stakeOf(state.stakes, account);
  const wei = gwei * WEI_PER_GWEI;
  const record: StakeRecord = {
    ...held,
    bonded: held.bonded - wei,
    unbonding: wei,
    unbondsAt: state.open.number + genesis.staking.unbonding_rounds,
  };
  return { ...state, stakes: withStake(state.stakes, record) ?? state.stakes };
}

/** Exits asked through the stake contract, each under the rules of an exit operation written in the open round. */
export function takeExits(state: ProtocolState, exits: readonly AskedExit[], context: ProtocolContext): ProtocolState {
  return exits.reduce((current, { account, gwei }) => {
    const operation: ExitOperation = { type: 'exit', account, round: current.open.number, gwei };
    return judgeExit(current, operation).kind === 'valid' ? startExit(current, operation, context) : current;
  }, state);
}

/** At the end of round `ended`: what was asked back long enough ago is owed, and not at stake any more. */
export function releaseUnbonded<C extends Coins>(coins: C, ended: number): C {
  const due = coins.stakes.filter(({ unbonding, unbondsAt }) => unbonding > 0n && unbondsAt <= ended);
  let current = dropEmpty(coins, due);
  for (const record of due) {
    const stakes = withStake(current.stakes, { ...record, unbonding: 0n, unbondsAt: 0 }) ?? current.stakes;
    current = owe({ ...current, stakes }, record.address, record.unbonding);
  }
  return current;
}

/** Records with nothing in them are dropped with the first release after that, unless they remember an offence. */
function dropEmpty<C extends Coins>(coins: C, due: readonly StakeRecord[]): C {
  if (due.length === 0) return coins;
  const isEmpty = ({ bonded, unbonding, offences }: StakeRecord) => bonded === 0n && unbonding === 0n && offences === 0;
  return { ...coins, stakes: coins.stakes.filter((record) => !isEmpty(record)) };
}
