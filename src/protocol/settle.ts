import { hasQuorum } from '../codec/quorum.ts';
import type { ProofOperation, Verdict } from '../codec/types.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import type { ProtocolContext } from './context.ts';
import { authorityReward, emissionOf, trainerRewards } from './emission.ts';
import { afterAbsence, afterFraud, afterUnavailability, raised } from './reputation.ts';
import { findByAddress, withItem } from './sorted.ts';
import type {
  AuthorityRecord,
  CastVote,
  ProofRecord,
  ProtocolState,
  SealedRound,
  SettledRound,
  TrainerRecord,
  Withdrawal,
} from './types.ts';

/** How the votes decide a proof. unavailable and undecided are void: no pay, and the update is not merged. */
export type Decision = 'accepted' | 'rejected' | 'unavailable' | 'undecided';

/**
 * Decides one proof by the verdicts of those who voted, of `authorities` in all.
 *
 * 1. accepted: a quorum accepts.
 * 2. rejected: more than one third call it fraudulent. Then at least one honest authority does, and no quorum can accept.
 * 3. unavailable: more than one third could not get what they had to check.
 * 4. undecided otherwise: too few voted, or too many disagree.
 *
 * Fewer than one third faulty can thus bring about neither 1, 2 nor 3. Four authorities bear one that lies; three bear
 * none (one can leave a proof undecided, as any quorum of three is all of them), and still none alone can reject.
 * A dispute (every authority re-runs the accused segment, the loser pays) would be opened by the first fraud verdict and
 * would replace rule 2; slashing follows from its result and not from votes.
 */
export function decide(verdicts: readonly Verdict[], authorities: number): Decision {
  const count = (kind: Verdict['kind']) => verdicts.filter((verdict) => verdict.kind === kind).length;
  const overOneThird = (votes: number) => 3 * votes > authorities;
  if (hasQuorum(count('accept'), authorities)) return 'accepted';
  if (overOneThird(count('fraud'))) return 'rejected';
  if (overOneThird(count('unavailable'))) return 'unavailable';
  return 'undecided';
}

/** Proofs of the sealed round that the votes so far accept: what the next boundary will merge, if no further vote comes. Ascending. */
export function acceptedProofs(state: ProtocolState): readonly ProofOperation[] {
  const { sealed } = state;
  if (sealed === undefined) return [];
  const decisions = decisionsOn(sealed, state.authorities.length);
  return sealed.proofs.filter((_, i) => decisions[i] === 'accepted');
}

/** What settling a round changes. */
export interface Settlement {
  readonly settled: SettledRound;
  /** Trainers ascending, then authorities ascending; nothing for a reward of zero. */
  readonly withdrawals: readonly Withdrawal[];
  readonly changes: Pick<ProtocolState, 'settledRound' | 'trainers' | 'authorities' | 'minted' | 'heldOut'>;
}

/** Settles the sealed round by its votes: outcomes, coins, reputations. */
export function settle(state: ProtocolState, sealed: SealedRound, { genesis }: ProtocolContext): Settlement {
  const decisions = decisionsOn(sealed, state.authorities.length);
  const emission = emissionOf(sealed.number, genesis.rewards);
  const measured = measurementOf(sealed.votes, state.authorities.length);

  const accepted = sealed.proofs.filter((_, i) => decisions[i] === 'accepted');
  const rewards = trainerRewards(
    accepted.map((proof) => proof.tokens),
    emission,
    genesis.rewards,
  );
  const rewardOf = new Map(accepted.map((proof, i) => [proof, rewards[i] ?? 0n]));
  const proofs = sealed.proofs.map((proof, i): ProofRecord => {
    const decision = decisions[i] ?? 'undecided';
    const outcome = decision === 'accepted' || decision === 'rejected' ? decision : 'void';
    return { proof, reward: rewardOf.get(proof) ?? 0n, outcome };
  });
  const trainers = proofs.reduce((all, record, i) => settleTrainer(all, record, decisions[i]), state.trainers);

  // A round in which nothing was accepted pays nobody: checking nothing is not work.
  const seatReward = accepted.length === 0 ? 0n : authorityReward(state.authorities.length, emission, genesis.rewards);
  const agrees = (vote: CastVote) => agreesWith(vote, decisions, measured);
  const authorities = state.authorities.map((record) => {
    const vote = findByAddress(sealed.votes, record.address, (cast) => cast.authority);
    return settleAuthority(record, sealed.proofs.length > 0, vote !== undefined, vote !== undefined && agrees(vote), seatReward);
  });

  const withdrawals = [
    ...proofs.map(({ proof, reward }) => ({ address: proof.trainer, gwei: reward / WEI_PER_GWEI })),
    ...sealed.votes.filter(agrees).map(({ authority }) => ({ address: authority, gwei: seatReward / WEI_PER_GWEI })),
  ].filter(({ gwei }) => gwei > 0n);
  const minted = withdrawals.reduce((sum, { gwei }) => sum + gwei * WEI_PER_GWEI, state.minted);

  return {
    settled: {
      round: sealed.number,
      proofs,
      votes: sealed.votes,
      challengeSeed: sealed.challengeSeed,
      authorityReward: seatReward,
    },
    withdrawals,
    changes: {
      settledRound: sealed.number,
      trainers,
      authorities,
      minted,
      heldOut: measured === undefined ? state.heldOut : { round: sealed.number, ...measured },
    },
  };
}

function decisionsOn(sealed: SealedRound, authorities: number): readonly Decision[] {
  return sealed.proofs.map((_, i) =>
    decide(
      sealed.votes.flatMap((vote) => vote.verdicts[i] ?? []),
      authorities,
    ),
  );
}

interface Measurement {
  readonly loss: number;
  readonly accuracy: number;
}

const isSameMeasurement = (vote: CastVote, { loss, accuracy }: Measurement): boolean =>
  Object.is(vote.heldOutLoss, loss) && Object.is(vote.heldOutAccuracy, accuracy);

/** The held-out loss and accuracy that a quorum measured, to the bit. */
function measurementOf(votes: readonly CastVote[], authorities: number): Measurement | undefined {
  return votes
    .map((vote) => ({ loss: vote.heldOutLoss, accuracy: vote.heldOutAccuracy }))
    .find((candidate) => hasQuorum(votes.filter((vote) => isSameMeasurement(vote, candidate)).length, authorities));
}

/** True when a vote found what was decided, wherever something was decided. */
function agreesWith(vote: CastVote, decisions: readonly Decision[], measured: Measurement | undefined): boolean {
  if (measured !== undefined && !isSameMeasurement(vote, measured)) return false;
  const expected: Readonly<Record<Decision, Verdict['kind'] | undefined>> = {
    accepted: 'accept',
    rejected: 'fraud',
    unavailable: undefined,
    undecided: undefined,
  };
  return decisions.every((decision, i) => expected[decision] === undefined || vote.verdicts[i]?.kind === expected[decision]);
}

function settleTrainer(
  trainers: readonly TrainerRecord[],
  { proof, reward, outcome }: ProofRecord,
  decision: Decision | undefined,
): readonly TrainerRecord[] {
  const record = findByAddress(trainers, proof.trainer, (each) => each.address);
  if (record === undefined) return trainers;
  const changed: TrainerRecord = {
    ...record,
    earned: record.earned + reward,
    accepted: record.accepted + (outcome === 'accepted' ? 1 : 0),
    rejected: record.rejected + (outcome === 'rejected' ? 1 : 0),
    reputation: reputationAfter(record.reputation, decision),
  };
  return withItem(trainers, changed, (each) => each.address);
}

/** Undecided costs nothing: it is not the trainer who failed to vote. */
function reputationAfter(reputation: number, decision: Decision | undefined): number {
  if (decision === 'accepted') return raised(reputation);
  if (decision === 'rejected') return afterFraud();
  if (decision === 'unavailable') return afterUnavailability(reputation);
  return reputation;
}

/** A vote against what was decided keeps its reputation: what it is worth is for a dispute to find, not for a majority. */
function settleAuthority(
  record: AuthorityRecord,
  hadProofs: boolean,
  voted: boolean,
  agreed: boolean,
  seatReward: bigint,
): AuthorityRecord {
  if (!hadProofs) return record;
  if (!voted) return { ...record, reputation: afterAbsence(record.reputation) };
  if (!agreed) return record;
  return { ...record, reputation: raised(record.reputation), earned: record.earned + seatReward };
}
