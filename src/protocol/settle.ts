import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { type Decisions, decisionsOn } from './acceptance.ts';
import { type Conduct, conductOf } from './conduct.ts';
import type { ProtocolContext } from './context.ts';
import { nextChecks } from './coverage.ts';
import { type Draw, drawOf } from './draw.ts';
import { authorityPart, authorityReward, bountyShare, emissionFactor, emissionOf, scaled, trainerRewards } from './emission.ts';
import { isMeasurementOf, type Measurement, measurementOf } from './measurement.ts';
import { afterFraud, afterRefutation, afterSilence, afterUnavailability, isDistrusted, raised } from './reputation.ts';
import { pay } from './rewards.ts';
import { type Finders, slash } from './slashing.ts';
import { findByAddress } from './sorted.ts';
import { authorityMinimum, trainerMinimum } from './stakes.ts';
import type {
  AuthorityRecord,
  BountyRecord,
  Decision,
  PaymentRecord,
  ProofRecord,
  ProtocolState,
  SealedRound,
  SettledRound,
  SlashRecord,
  TrainerRecord,
  Withdrawal,
} from './types.ts';

/** What settling a round leads to. */
export interface Settlement {
  readonly state: ProtocolState;
  readonly settled: SettledRound;
  /** Trainers ascending, then authorities ascending; nothing for a reward of zero or a locked one. */
  readonly withdrawals: readonly Withdrawal[];
}

/** An authority's part in the round, when it had a seat and voted. */
type Conducts = ReadonlyMap<string, Conduct>;

/**
 * Settles the sealed round by its votes and rulings: outcomes, slashing, coins, reputations, and the load of the next rounds.
 * @param height of the boundary block that does it
 */
export function settle(state: ProtocolState, sealed: SealedRound, height: number, context: ProtocolContext): Settlement {
  const draw = drawOf(state);
  const decided = decisionsOn(state, sealed, context);
  const conducts = conductsOf(sealed, draw, decided);
  const measured = measurementOf(sealed.votes, state.authorities.length);

  const slashed = slashAll(state, sealed, decided.decisions, conducts);
  const paid = payAll(slashed.state, sealed, decided.decisions, conducts, measured, context);
  const best = Math.min(state.heldOut?.best ?? Number.POSITIVE_INFINITY, measured?.loss ?? Number.POSITIVE_INFINITY);
  return {
    state: {
      ...paid.state,
      settledRound: sealed.number,
      trainers: state.trainers.map((record) => settleTrainer(record, paid.proofs)),
      authorities: state.authorities.map((record) => settleAuthority(record, sealed, draw, conducts, paid)),
      checksPerAuthority: nextChecks(state, sealed, draw, context),
      heldOut: measured === undefined ? state.heldOut : { round: sealed.number, ...measured, best },
    },
    settled: {
      round: sealed.number,
      height,
      proofs: paid.proofs,
      votes: sealed.votes,
      challengeSeed: sealed.challengeSeed,
      disputes: decided.disputes,
      slashes: slashed.slashes,
      emissionFactor: paid.emissionFactor,
      authorityReward: paid.seatReward,
      authorityRewards: paid.authorityRewards,
      authorityWork: sealed.votes.flatMap(({ authority }) => {
        const conduct = conducts.get(toHex(authority));
        return conduct === undefined ? [] : [{ authority, wanted: conduct.wanted, done: conduct.done }];
      }),
      payments: paid.payments,
      bounties: slashed.bounties,
      bountyShare: paid.bountyShare,
    },
    withdrawals: paid.withdrawals,
  };
}

function conductsOf(sealed: SealedRound, draw: Draw | undefined, { disputes }: Decisions): Conducts {
  if (draw === undefined) return new Map();
  const seated = sealed.votes.filter(({ authority }) => draw.dealt.has(toHex(authority)));
  return new Map(seated.map((vote) => [toHex(vote.authority), conductOf(vote, sealed, draw, disputes)]));
}

/** Trainers of fraudulent proofs, for their finders; then authorities that committed themselves to what is untrue. */
function slashAll(state: ProtocolState, sealed: SealedRound, decisions: readonly Decision[], conducts: Conducts) {
  const slashes: SlashRecord[] = [];
  const bounties: BountyRecord[] = [];
  let coins: ProtocolState = state;
  const take = (offender: Address, reason: SlashRecord['reason'], finders: Finders) => {
    const slashing = slash(coins, offender, reason, finders);
    coins = slashing.coins;
    slashes.push(slashing.record);
    bounties.push(...slashing.bounties);
  };
  sealed.proofs.forEach(({ trainer }, proof) => {
    if (decisions[proof] !== 'fraud') return;
    const finders = sealed.votes.map((vote) => vote.authority).filter((address) => conducts.get(toHex(address))?.accused.has(proof));
    take(trainer, 'fraud', finders);
  });
  for (const { authority } of sealed.votes) if (conducts.get(toHex(authority))?.isFalse) take(authority, 'false_finding', 'pool');
  return { state: coins, slashes, bounties };
}

interface Paid {
  readonly state: ProtocolState;
  readonly proofs: readonly ProofRecord[];
  readonly seatReward: bigint;
  readonly authorityRewards: SettledRound['authorityRewards'];
  readonly payments: readonly PaymentRecord[];
  readonly bountyShare: bigint;
  readonly emissionFactor: number;
  readonly withdrawals: readonly Withdrawal[];
}

/**
 * A round in which nothing was accepted mints nothing: checking nothing is not work. A distrusted authority works for its
 * reputation alone: what it states is held against nobody's.
 */
function payAll(
  state: ProtocolState,
  sealed: SealedRound,
  decisions: readonly Decision[],
  conducts: Conducts,
  measured: Measurement | undefined,
  { genesis }: ProtocolContext,
): Paid {
  const { rewards } = genesis;
  const factor = emissionFactor(state.heldOut?.best, measured?.loss, rewards);
  const isAccepted = (proof: number) => decisions[proof] === 'accepted';
  const isPaid = sealed.proofs.some((_, proof) => isAccepted(proof));
  const emission = isPaid ? scaled(emissionOf(sealed.number, rewards), factor) : 0n;

  const tokens = sealed.proofs.map((proof, i) => (isAccepted(i) ? proof.tokens : 0));
  const trainerPay = trainerRewards(tokens, emission, rewards);
  const seatReward = authorityReward(state.authorities.length, emission, rewards);
  const authorityRewards = sealed.votes.flatMap((vote) => {
    const conduct = conducts.get(toHex(vote.authority));
    const isUnpaid = conduct === undefined || conduct.isFalse || conduct.refuted > 0;
    if (isUnpaid || (measured !== undefined && !isMeasurementOf(vote, measured))) return [];
    const record = findByAddress(state.authorities, vote.authority, (each) => each.address);
    const wei = record === undefined || isDistrusted(record.reputation) ? 0n : authorityPart(seatReward, conduct.done, conduct.wanted);
    return { authority: vote.authority, wei };
  });

  const due = [
    ...sealed.proofs.map(({ trainer }, i) => ({ role: 'trainer' as const, address: trainer, wei: trainerPay[i] ?? 0n })),
    ...authorityRewards.map(({ authority, wei }) => ({ role: 'authority' as const, address: authority, wei })),
  ].filter(({ wei }) => wei > 0n);
  const minima = { trainer: trainerMinimum(state), authority: authorityMinimum(state) };
  const withdrawals: Withdrawal[] = [];
  const payments: PaymentRecord[] = [];
  const minted = due.reduce((current, { role, address, wei }) => {
    const { coins, withdrawal, locked, unminted } = pay(current, address, wei, minima[role]);
    if (withdrawal !== undefined) withdrawals.push(withdrawal);
    payments.push({ address, role, wei, locked, unminted });
    return coins;
  }, state);

  const bounty = bountyShare(state.bountyPool, emission, rewards);
  const largest = trainerPay.reduce((most, wei) => (wei > most ? wei : most), 0n);
  return {
    state: {
      ...minted,
      bountyPool: minted.bountyPool + bounty,
      minted: minted.minted + bounty,
      largestReward: largest > 0n ? largest : state.largestReward,
    },
    proofs: sealed.proofs.map((proof, i) => proofRecord(proof, decisions[i] ?? 'undecided', trainerPay[i] ?? 0n)),
    seatReward,
    authorityRewards,
    payments,
    bountyShare: bounty,
    emissionFactor: factor,
    withdrawals,
  };
}

function proofRecord(proof: ProofRecord['proof'], decision: Decision, reward: bigint): ProofRecord {
  const outcome = decision === 'accepted' ? 'accepted' : decision === 'fraud' ? 'rejected' : 'void';
  return { proof, reward, outcome, decision };
}

function settleTrainer(record: TrainerRecord, proofs: readonly ProofRecord[]): TrainerRecord {
  const own = findByAddress(proofs, record.address, ({ proof }) => proof.trainer);
  if (own === undefined) return record;
  return {
    ...record,
    earned: record.earned + own.reward,
    accepted: record.accepted + (own.outcome === 'accepted' ? 1 : 0),
    rejected: record.rejected + (own.outcome === 'rejected' ? 1 : 0),
    ...conductAfter(record, own),
  };
}

/** What authorities did not come to costs trainers nothing, nor does that the proof after it, which went on from it, cannot hold. */
function conductAfter(
  { reputation, lastBlamelessVoid }: TrainerRecord,
  { proof: { round }, decision }: ProofRecord,
): Pick<TrainerRecord, 'reputation' | 'lastBlamelessVoid'> {
  if (decision === 'accepted') return { reputation: raised(reputation), lastBlamelessVoid };
  if (decision === 'fraud') return { reputation: afterFraud(), lastBlamelessVoid };
  if (decision !== 'unavailable') return { reputation, lastBlamelessVoid: round };
  return { reputation: lastBlamelessVoid === round - 1 ? reputation : afterUnavailability(reputation), lastBlamelessVoid };
}

/** Silence, a withheld preimage, refuted claims and false findings lower the reputation; a vote that stands raises it. */
function settleAuthority(
  record: AuthorityRecord,
  sealed: SealedRound,
  draw: Draw | undefined,
  conducts: Conducts,
  { authorityRewards }: Paid,
): AuthorityRecord {
  if (draw === undefined || sealed.proofs.length === 0) return record;
  const conduct = conducts.get(toHex(record.address));
  if (conduct === undefined) return { ...record, reputation: afterSilence(record.reputation) };
  if (conduct.isFalse) return { ...record, reputation: afterFraud() };
  if (conduct.refuted > 0) return { ...record, reputation: afterRefutation(record.reputation, conduct.refuted) };
  const reward = authorityRewards.find(({ authority }) => equalBytes(authority, record.address))?.wei;
  if (reward === undefined) return record;
  return { ...record, reputation: raised(record.reputation), earned: record.earned + reward };
}
