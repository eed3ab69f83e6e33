import { describe, expect, it } from 'vitest';
import type { Operation } from '../codec/types.ts';
import { WEI_PER_GWEI, WEI_PER_POL } from '../primitives/units.ts';
import { MAX_PAYABLES, MAX_PAYOUTS_PER_BLOCK, MAX_STAKE_RECORDS } from './limits.ts';
import { owe, payOut } from './payables.ts';
import { pay } from './rewards.ts';
import { slash } from './slashing.ts';
import { bond, type Coins, isOnProbation, stakeOf } from './stakes.ts';
import {
  addressNamed,
  everyone,
  idleUntil,
  join,
  judgeIn,
  named,
  nextBlock,
  ok,
  provenRound,
  settledBy,
  TEST_STAKE,
  testNetwork,
  trainersNamed,
  withTrainers,
} from './testing/network.ts';
import type { ProtocolState } from './types.ts';
import { validateOperation } from './validate-operation.ts';

const network = testNetwork(4);
const trainers = trainersNamed(2);
const [trainer, other] = trainers as [Uint8Array, Uint8Array];
const newcomer = addressNamed('newcomer');
const opened = withTrainers(network, trainers);
const POL_GWEI = WEI_PER_POL / WEI_PER_GWEI;
const exit = (account: Uint8Array, round: number, gwei: bigint): Operation => ({ type: 'exit', account, round, gwei });
const standing = judgeIn(network);
const deposit = (state: ProtocolState, address: Uint8Array, wei: bigint) =>
  nextBlock(
    network,
    state,
    [],
    state.open.proofs.map((each) => each.trainer),
    [{ address, wei }],
  );

describe('a deposit', () => {
  it('becomes a stake, and adds to one', () => {
    const once = deposit(opened, newcomer, 3n * WEI_PER_POL).state;
    expect(stakeOf(once.stakes, newcomer)).toEqual({
      address: newcomer,
      bonded: 3n * WEI_PER_POL,
      unbonding: 0n,
      unbondsAt: 0,
      offences: 0,
    });
    const twice = deposit(once, newcomer, WEI_PER_POL + 1n);
    expect(stakeOf(twice.state.stakes, newcomer).bonded).toBe(4n * WEI_PER_POL + 1n);
    expect(twice.burned).toBe(0n);
  });

  it('under the minimum is burned', () => {
    const output = deposit(opened, newcomer, WEI_PER_POL - 1n);
    expect(output.state.stakes).toEqual(opened.stakes);
    expect(output.burned).toBe(WEI_PER_POL - 1n);
  });

  it('counts in a boundary block, too', () => {
    const last = idleUntil(network, opened, opened.open.sealsAt - 1);
    expect(stakeOf(deposit(last, newcomer, WEI_PER_POL).state.stakes, newcomer).bonded).toBe(WEI_PER_POL);
  });

  it('is given back when there is no room, and empty records make room', () => {
    const record = (i: number, bonded: bigint) => ({
      address: named('staker', i).slice(0, 20),
      bonded,
      unbonding: 0n,
      unbondsAt: 0,
      offences: 1,
    });
    const full = Array.from({ length: MAX_STAKE_RECORDS }, (_, i) => record(i, 1n)).sort((a, b) => Buffer.compare(a.address, b.address));
    const refused = deposit({ ...opened, stakes: full }, newcomer, WEI_PER_POL);
    expect(refused.state.stakes).toEqual(full);
    expect(refused.withdrawals).toEqual([{ address: newcomer, gwei: POL_GWEI }]);
    const withRoom = full.map((each, i) => (i === 7 ? { ...each, bonded: 0n } : each));
    const taken = deposit({ ...opened, stakes: withRoom }, newcomer, WEI_PER_POL).state;
    expect(taken.stakes).toHaveLength(MAX_STAKE_RECORDS);
    expect(stakeOf(taken.stakes, newcomer).bonded).toBe(WEI_PER_POL);
  });
});

describe('an exit', () => {
  it('asks back what is bonded, once at a time, in the round it was written in or the next', () => {
    expect(standing(opened, exit(trainer, 1, POL_GWEI))).toBe('valid');
    expect(standing(opened, exit(trainer, 2, POL_GWEI))).toBe('later: wrong_round');
    expect(standing(idleUntil(network, opened, opened.open.sealsAt + 30), exit(trainer, 1, POL_GWEI))).toBe('stale: wrong_round');
    expect(standing(opened, exit(trainer, 1, 0n))).toBe('stale: stake_insufficient');
    expect(standing(opened, exit(trainer, 1, TEST_STAKE / WEI_PER_GWEI + 1n))).toBe('stale: stake_insufficient');
    expect(standing(opened, exit(newcomer, 1, 1n))).toBe('stale: stake_insufficient');
    const asked = nextBlock(network, opened, [exit(trainer, 1, POL_GWEI)]).state;
    expect(standing(asked, exit(trainer, 1, POL_GWEI))).toBe('stale: already_unbonding');
  });

  it('is paid by a withdrawal after unbonding_rounds, and counts for nothing meanwhile', () => {
    let state = nextBlock(network, opened, [exit(trainer, 1, TEST_STAKE / WEI_PER_GWEI)]).state;
    expect(stakeOf(state.stakes, trainer)).toMatchObject({ bonded: 0n, unbonding: TEST_STAKE, unbondsAt: 3 });
    expect(isOnProbation(state, trainer)).toBe(true);
    expect(isOnProbation(state, other)).toBe(false);
    // Until the boundary at the end of round 3.
    while (state.open.number < 4) {
      expect(stakeOf(state.stakes, trainer).unbonding).toBe(TEST_STAKE);
      const output = nextBlock(network, state);
      expect(output.withdrawals).toEqual([]);
      state = output.state;
    }
    expect(stakeOf(state.stakes, trainer).unbonding).toBe(0n);
    expect(nextBlock(network, state).withdrawals).toEqual([{ address: trainer, gwei: TEST_STAKE / WEI_PER_GWEI }]);
  });

  it('does not escape slashing', () => {
    const { state } = nextBlock(network, opened, [exit(trainer, 1, TEST_STAKE / WEI_PER_GWEI)]);
    const { coins, record } = slash(state, trainer, 'fraud', []);
    expect(record.wei).toBe(TEST_STAKE / 2n);
    expect(stakeOf(coins.stakes, trainer)).toMatchObject({ bonded: 0n, unbonding: TEST_STAKE / 2n });
  });
});

describe('without a stake', () => {
  const poor = testNetwork(4, {
    stakes: Object.fromEntries(
      network.authorities.map(({ address }) => [`0x${Buffer.from(address).toString('hex')}`, TEST_STAKE.toString()]),
    ),
  });
  const one = withTrainers(poor, [trainer]);

  it('half of the places can be had', () => {
    const asked = nextBlock(poor, one, [join(other, 1)]).state;
    expect(standingIn(poor, asked, join(newcomer, 1))).toBe('later: no_seat');
    expect(standingIn(poor, { ...asked, stakes: network.initial.stakes }, join(newcomer, 1))).toBe('valid');
  });

  it('few segments can be claimed, and all of them are checked', () => {
    const { max_segments, probation_segments } = poor.context.genesis.rounds;
    expect(probation_segments).toBeLessThan(max_segments);
    const { votable } = provenRound(poor, one, probation_segments);
    expect(votable.sealed?.probation).toEqual([trainer]);
  });

  it('rewards are locked until they are the stake, and then paid out', () => {
    const { votable } = provenRound(poor, one, 3);
    const { state, withdrawals, settled } = settledBy(poor, votable, everyone(poor, ok(poor)));
    const reward = settled.proofs[0]?.reward ?? 0n;
    expect(reward).toBe(7n * WEI_PER_POL);
    expect(stakeOf(state.stakes, trainer).bonded).toBe(reward);
    expect(withdrawals.some(({ address }) => address === trainer)).toBe(false);

    const coins: Coins = state;
    const almost = bond(coins, trainer, 3n * WEI_PER_POL) as Coins;
    const minimum = 12n * WEI_PER_POL;
    const { coins: after, withdrawal } = pay(almost, trainer, 5n * WEI_PER_POL, minimum);
    expect(stakeOf(after.stakes, trainer).bonded).toBe(minimum);
    expect(withdrawal).toEqual({ address: trainer, gwei: 3n * POL_GWEI });
    expect(after.minted - almost.minted).toBe(5n * WEI_PER_POL);
  });
});

function standingIn(of: typeof network, state: ProtocolState, operation: Operation): string {
  const result = validateOperation(state, operation, of.context);
  return result.kind === 'valid' ? 'valid' : `${result.kind}: ${result.reason}`;
}

describe('what is owed', () => {
  const nothing = { payables: [], burned: 0n };

  it('is whole gwei, adds up, and is paid a few in each block', () => {
    const once = owe(nothing, trainer, 3n * WEI_PER_GWEI + 5n);
    expect(once).toEqual({ payables: [{ address: trainer, wei: 3n * WEI_PER_GWEI }], burned: 5n });
    expect(owe(once, trainer, WEI_PER_GWEI).payables).toEqual([{ address: trainer, wei: 4n * WEI_PER_GWEI }]);
    const all = Array.from({ length: MAX_PAYOUTS_PER_BLOCK + 1 }, (_, i) => named('creditor', i).slice(0, 20));
    const many = all.reduce((debts, address) => owe(debts, address, WEI_PER_GWEI), nothing as Pick<ProtocolState, 'payables' | 'burned'>);
    const { debts, withdrawals } = payOut(many);
    expect(withdrawals).toHaveLength(MAX_PAYOUTS_PER_BLOCK);
    expect(payOut(debts).withdrawals).toHaveLength(1);
  });

  it('is burned when too many are owed something', () => {
    const payables = Array.from({ length: MAX_PAYABLES }, (_, i) => ({ address: named('creditor', i).slice(0, 20), wei: WEI_PER_GWEI }));
    const full = { payables: payables.sort((a, b) => Buffer.compare(a.address, b.address)), burned: 0n };
    expect(owe(full, trainer, WEI_PER_GWEI)).toEqual({ ...full, burned: WEI_PER_GWEI });
  });
});
