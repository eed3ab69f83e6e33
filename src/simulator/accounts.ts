import { toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import type { ProtocolState, SettledRound, SlashRecord, Withdrawal } from '../protocol/types.ts';
import type { NodeAccount } from './measurements.ts';

/** Coins of the nodes, followed block by block from what the protocol says. */
export interface Accounts {
  /** Takes one block in. @returns who was slashed in it */
  follow(
    state: ProtocolState,
    withdrawals: readonly Withdrawal[],
    settled: SettledRound | undefined,
  ): readonly Pick<SlashRecord, 'address' | 'reason'>[];
  of(node: number): Pick<NodeAccount, 'earned' | 'slashed' | 'gained'>;
}

interface Sums {
  earned: bigint;
  slashed: bigint;
  paid: bigint;
}

const GWEI_PER_POL = 1e9;
const inPol = (wei: bigint): number => Number(wei / WEI_PER_GWEI) / GWEI_PER_POL;

/** @param nodeOf owner of an address */
export function createAccounts(initial: ProtocolState, nodeOf: (address: Address) => number | undefined): Accounts {
  const sums = new Map<number, Sums>();
  let state = initial;

  function sumsOf(node: number | undefined): Sums {
    const own = sums.get(node ?? -1) ?? { earned: 0n, slashed: 0n, paid: 0n };
    sums.set(node ?? -1, own);
    return own;
  }

  /** At stake or owed. */
  function held({ stakes, payables }: ProtocolState, node: number): bigint {
    const mine = <T extends { readonly address: Address }>(all: readonly T[]) => all.filter(({ address }) => nodeOf(address) === node);
    const staked = mine(stakes).reduce((sum, { bonded, unbonding }) => sum + bonded + unbonding, 0n);
    return mine(payables).reduce((sum, { wei }) => sum + wei, staked);
  }

  /** A block that settles nothing takes stakes for double signatures only, and adds to none: the difference is what was taken. */
  function takenByEvidence(next: ProtocolState): readonly SlashRecord[] {
    return next.stakes.flatMap(({ address, offences, bonded, unbonding }) => {
      const before = state.stakes.find((each) => toHex(each.address) === toHex(address));
      if (before === undefined || before.offences >= offences) return [];
      const wei = before.bonded + before.unbonding - bonded - unbonding;
      return [{ address, reason: 'double_sign', wei, rewarded: 0n } as const];
    });
  }

  return {
    follow(next, withdrawals, settled) {
      for (const { address, gwei } of withdrawals) sumsOf(nodeOf(address)).paid += gwei * WEI_PER_GWEI;
      for (const { proof, reward } of settled?.proofs ?? []) sumsOf(nodeOf(proof.trainer)).earned += reward;
      for (const { authority, wei } of settled?.authorityRewards ?? []) sumsOf(nodeOf(authority)).earned += wei;
      const slashes = settled?.slashes ?? takenByEvidence(next);
      for (const { address, wei } of slashes) sumsOf(nodeOf(address)).slashed += wei;
      state = next;
      return slashes;
    },
    of(node) {
      const { earned, slashed, paid } = sumsOf(node);
      const gained = paid + held(state, node) - held(initial, node);
      return { earned: inPol(earned), slashed: inPol(slashed), gained: inPol(gained) };
    },
  };
}
