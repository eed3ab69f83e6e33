import type { Genesis } from '../params/genesis.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { emissionOf, scaled, trainerPot } from './emission.ts';
import type { Decision, PaymentRecord, SettledRound, SlashRecord } from './types.ts';

/** Where the coins of one account in one settled round came from. All amounts in wei. */
export interface RewardExplanation {
  readonly round: number;
  readonly address: Address;
  /** Height of the boundary block that settled the round. */
  readonly height: number;
  readonly emission: {
    /** What the schedule allows in this round, and the millionths of it that the held-out improvement earned. */
    readonly scheduled: bigint;
    readonly factor: number;
    /** What could be minted: zero when no proof was accepted. */
    readonly available: bigint;
    /** The trainers' and the authorities' parts of it, and what went into the bounty pool. */
    readonly trainers: bigint;
    readonly authorities: bigint;
    readonly bountyPool: bigint;
  };
  readonly trainer: TrainerPart | undefined;
  readonly authority: AuthorityPart | undefined;
  /** Finder's shares of what was taken from offenders: owed, and paid by one of the next ordinary blocks. */
  readonly bounties: readonly { readonly offender: Address; readonly wei: bigint }[];
  readonly slashes: readonly SlashRecord[];
  /** Sum of what the settling block paid out to the account: its withdrawals there, to the wei. */
  readonly paid: bigint;
}

/** due = paid + locked + unminted. */
type Due = Pick<PaymentRecord, 'locked' | 'unminted'> & { readonly due: bigint; readonly paid: bigint };

export interface TrainerPart extends Due {
  readonly segments: number;
  readonly decision: Decision | undefined;
  /** Of this proof, and of all accepted ones together. */
  readonly tokens: number;
  readonly acceptedTokens: number;
  /** The part of the trainers' share by tokens, before the price cap; zero for a proof that was not accepted. */
  readonly byTokens: bigint;
  /** The most that its tokens can earn. */
  readonly cap: bigint;
  readonly isCapped: boolean;
}

export interface AuthorityPart extends Due {
  /** What a seat with all its work done gets. */
  readonly seat: bigint;
  /** Pieces of work that were the authority's, and those of them that it did and nobody refuted. */
  readonly wanted: number;
  readonly done: number;
}

/**
 * Explains a reward by the record of its round: the rules of emission.ts applied again, beside what was paid.
 *
 * @returns undefined when the account had no part in the round
 */
export function explainReward(settled: SettledRound, address: Address, { rewards }: Genesis): RewardExplanation | undefined {
  const isOwn = (other: Address) => equalBytes(other, address);
  const proof = settled.proofs.find((record) => isOwn(record.proof.trainer));
  const work = settled.authorityWork.find((each) => isOwn(each.authority));
  const bounties = settled.bounties.filter((each) => isOwn(each.address)).map(({ offender, wei }) => ({ offender, wei }));
  const slashes = settled.slashes.filter((each) => isOwn(each.address));
  if (proof === undefined && work === undefined && bounties.length === 0 && slashes.length === 0) return undefined;

  const accepted = settled.proofs.filter(({ outcome }) => outcome === 'accepted');
  const scheduled = emissionOf(settled.round, rewards);
  const available = accepted.length === 0 ? 0n : scaled(scheduled, settled.emissionFactor);
  const due = (role: PaymentRecord['role']): Due => {
    const found = settled.payments.find((each) => each.role === role && isOwn(each.address));
    const { wei = 0n, locked = 0n, unminted = 0n } = found ?? {};
    return { due: wei, locked, unminted, paid: wei - locked - unminted };
  };
  const trainer = proof && trainerPart(proof);
  const authority = work && { ...due('authority'), seat: settled.authorityReward, wanted: work.wanted, done: work.done };

  function trainerPart({ proof: { tokens, segments }, outcome, decision }: SettledRound['proofs'][number]): TrainerPart {
    const acceptedTokens = accepted.reduce((sum, record) => sum + record.proof.tokens, 0);
    const byTokens = outcome === 'accepted' ? (trainerPot(available, rewards) * BigInt(tokens)) / BigInt(acceptedTokens) : 0n;
    const cap = BigInt(rewards.max_reward_per_token) * BigInt(tokens);
    return { ...due('trainer'), segments, decision, tokens, acceptedTokens, byTokens, cap, isCapped: byTokens > cap };
  }

  return {
    round: settled.round,
    address,
    height: settled.height,
    emission: {
      scheduled,
      factor: settled.emissionFactor,
      available,
      trainers: trainerPot(available, rewards),
      authorities: (available * BigInt(rewards.authority_percent)) / 100n,
      bountyPool: settled.bountyShare,
    },
    trainer,
    authority,
    bounties,
    slashes,
    paid: (trainer?.paid ?? 0n) + (authority?.paid ?? 0n),
  };
}
