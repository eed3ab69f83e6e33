import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, toHex } from '../primitives/bytes.ts';
import { WEI_PER_GWEI, WEI_PER_POL } from '../primitives/units.ts';
import { applyOperations } from './apply.ts';
import { emissionOf } from './emission.ts';
import { decodeProtocolState, decodeSettledRound, encodeProtocolState, encodeSettledRound, protocolRoot } from './state-codec.ts';
import { nextBlock, TEST_STAKE, testNetwork, unsigned } from './testing/network.ts';
import { anyHistory, historyTrainers, play } from './testing/random-history.ts';
import type { ProtocolOutput, ProtocolState } from './types.ts';

/** Stakes of the authorities and of half of the trainers, so that the others' rewards are locked. */
const network = testNetwork(4, {
  rewards: { halving_rounds: 3 },
  stakes: Object.fromEntries(
    [...testNetwork(4).authorities.map(({ address }) => address), ...historyTrainers.slice(0, 3)].map((address) => [
      toHex(address),
      TEST_STAKE.toString(),
    ]),
  ),
});
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);
const ALL_FAULTY = { faulty: new Set([0, 1, 2, 3]), forging: new Set<number>() };
const NONE_FAULTY = { faulty: new Set<number>(), forging: new Set<number>() };
const { rewards } = network.context.genesis;

/** Wei that the protocol's state holds for others. */
const heldBy = (state: ProtocolState) =>
  sum(state.stakes.map(({ bonded, unbonding }) => bonded + unbonding)) + sum(state.payables.map(({ wei }) => wei)) + state.bountyPool;

const anyConspiracy = fc.record({ faulty: fc.nat(3), forging: fc.nat(5) }).map(({ faulty, forging }) => ({
  faulty: new Set([faulty]),
  forging: new Set([forging]),
}));

describe('the supply', () => {
  it.each([
    ['when every authority may lie', fc.constant(ALL_FAULTY)],
    ['when one of four may', anyConspiracy],
  ])('is genesis stakes + deposits + minted − burned − withdrawn, to the wei, %s', (_name, conspiracies) => {
    const seen = { rewards: 0, locked: 0, slashes: 0, payouts: 0, burnedDeposits: 0, doubleSigns: 0 };
    fc.assert(
      fc.property(anyHistory(20, 60), conspiracies, (history, conspiracy) => {
        const start = heldBy(network.initial);
        let deposited = 0n;
        let withdrawn = 0n;
        let minted = 0n;
        let burned = 0n;
        play(network, history, conspiracy, ({ state, withdrawals, settled, burned: inBlock }, { deposits, operations }) => {
          deposited += sum(deposits.map(({ wei }) => wei));
          withdrawn += sum(withdrawals.map(({ gwei }) => gwei * WEI_PER_GWEI));
          burned += inBlock;
          expect(heldBy(state)).toBe(start + deposited + state.minted - state.burned - withdrawn);
          expect(state.burned).toBe(burned);
          // Only a settlement mints, and no more than its emission; every amount is whole and positive.
          const emission = settled === undefined ? 0n : emissionOf(settled.round, rewards);
          expect(state.minted - minted <= emission && state.minted >= minted).toBe(true);
          minted = state.minted;
          expect(withdrawals.every(({ gwei }) => gwei > 0n)).toBe(true);
          if (settled === undefined && withdrawals.length > 0) seen.payouts++;
          if (settled !== undefined) {
            if (withdrawals.length > 0) seen.rewards++;
            seen.slashes += settled.slashes.filter(({ wei }) => wei > 0n).length;
            const earned = sum(settled.proofs.map(({ reward }) => reward)) + sum(settled.authorityRewards.map(({ wei }) => wei));
            if (earned > sum(withdrawals.map(({ gwei }) => gwei * WEI_PER_GWEI))) seen.locked++;
          }
          seen.burnedDeposits += deposits.filter(({ wei }) => wei > 0n && wei < WEI_PER_POL).length;
          seen.doubleSigns += operations.filter(({ type }) => type === 'evidence').length;
        });
      }),
      { numRuns: 25, seed: 7 },
    );
    // The property is not vacuous.
    for (const [what, count] of Object.entries(seen)) expect(`${what} ${count > 2}`).toBe(`${what} true`);
  });
});

describe('with fewer than a third of the authorities faulty', () => {
  it('no honest trainer and no honest authority ever loses stake, and forgers do', () => {
    let convicted = 0;
    let accepted = 0;
    let falseFindings = 0;
    fc.assert(
      fc.property(anyHistory(24, 64), anyConspiracy, (history, conspiracy) => {
        const mayLose = new Set([
          ...[...conspiracy.forging].map((i) => toHex(historyTrainers[i] ?? new Uint8Array(20))),
          ...[...conspiracy.faulty].map((i) => toHex(network.authorities[i]?.address ?? new Uint8Array(20))),
        ]);
        const state = play(network, history, conspiracy, ({ settled }) => {
          for (const { address, reason } of settled?.slashes ?? []) {
            expect(mayLose).toContain(toHex(address));
            if (reason === 'fraud') convicted++;
            else falseFindings++;
          }
          for (const { proof, decision } of settled?.proofs ?? []) {
            // Every segment of a forger is forged: whatever was drawn shows it.
            if (mayLose.has(toHex(proof.trainer))) expect(decision).not.toBe('accepted');
            else expect(decision).not.toBe('fraud');
            if (decision === 'accepted') accepted++;
          }
        });
        for (const { address, offences } of state.stakes) if (!mayLose.has(toHex(address))) expect(offences).toBe(0);
      }),
      { numRuns: 40, seed: 11 },
    );
    expect(convicted).toBeGreaterThan(10);
    expect(accepted).toBeGreaterThan(20);
    expect(falseFindings).toBeGreaterThan(5);
  });

  it('everything is accepted when nobody is', () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyHistory(20, 50), (history) => {
        play(network, history, NONE_FAULTY, ({ settled }) => {
          for (const { decision } of settled?.proofs ?? []) expect(decision).toBe('accepted');
          accepted += settled?.proofs.length ?? 0;
          expect(settled?.disputes ?? []).toEqual([]);
        });
      }),
      { numRuns: 10, seed: 12 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

describe('any history', () => {
  const isAscending = (list: readonly Uint8Array[]) => list.every((each, i) => i === 0 || compareBytes(list[i - 1] ?? each, each) < 0);

  it('keeps lists ascending, places within bounds and reputations in range', () => {
    fc.assert(
      fc.property(anyHistory(16, 56), (history) => {
        play(network, history, ALL_FAULTY, ({ state }) => {
          const { open, joining, eligible, trainers, stakes, payables } = state;
          const addresses = [trainers, stakes, payables].map((list) => list.map(({ address }) => address));
          for (const list of [open.roster, joining, eligible, open.proofs.map((each) => each.trainer), ...addresses]) {
            expect(isAscending(list)).toBe(true);
          }
          expect(open.roster.length + joining.length).toBeLessThanOrEqual(network.context.genesis.rounds.max_trainers);
          expect(state.height).toBeLessThan(open.sealsAt);
          expect(state.settledRound).toBe(open.number - 2 < 0 ? -1 : open.number - 2);
          for (const { reputation } of [...trainers, ...state.authorities]) {
            expect(Number.isInteger(reputation) && reputation >= 0 && reputation <= 1_000_000).toBe(true);
          }
          for (const { bonded, unbonding } of stakes) expect(bonded >= 0n && unbonding >= 0n).toBe(true);
        });
      }),
      { numRuns: 10, seed: 8 },
    );
  });

  it('is the same from a stored state as from one in memory, and the same twice', () => {
    fc.assert(
      fc.property(anyHistory(16, 40), (history) => {
        const roots: string[] = [];
        play(network, history, ALL_FAULTY, ({ state, settled }) => {
          const decoded = decodeProtocolState(encodeProtocolState(state));
          expect(decoded).toEqual(state);
          expect(protocolRoot(decoded)).toEqual(protocolRoot(state));
          expect(nextBlock(network, decoded)).toEqual(nextBlock(network, state));
          if (settled !== undefined) expect(decodeSettledRound(encodeSettledRound(settled))).toEqual(settled);
          roots.push(toHex(protocolRoot(state)));
        });
        const again: string[] = [];
        play(network, history, ALL_FAULTY, ({ state }) => again.push(toHex(protocolRoot(state))));
        expect(again).toEqual(roots);
        expect(new Set(roots).size).toBe(roots.length);
      }),
      { numRuns: 4, seed: 9 },
    );
  });

  it('does not depend on the order of a block’s operations, wherever both orders are valid', () => {
    let reordered = 0;
    fc.assert(
      fc.property(anyHistory(16, 48), anyConspiracy, (history, conspiracy) => {
        let state = network.initial;
        play(network, history, conspiracy, (output, { operations }) => {
          const inOrder = operations.map(unsigned);
          const other = tryApply(state, inOrder.toReversed());
          if (other !== undefined && operations.length > 1) {
            reordered++;
            expect(other).toEqual(tryApply(state, inOrder));
          }
          state = output.state;
        });
      }),
      { numRuns: 10, seed: 10 },
    );
    expect(reordered).toBeGreaterThan(100);
  });
});

function tryApply(state: ProtocolState, operations: Parameters<typeof applyOperations>[1]): ProtocolOutput['state'] | undefined {
  try {
    return applyOperations(state, operations, network.context);
  } catch {
    return undefined;
  }
}
