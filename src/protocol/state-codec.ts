import { MAX_AMOUNT_BYTES, MAX_AUTHORITIES, MAX_DISPUTES, MAX_TRAINERS_PER_ROUND } from '../codec/limits.ts';
import { authorityChangeShape, proofShape, rulingsShape, voteContent } from '../codec/operations.ts';
import {
  address,
  ascending,
  ascendingAddresses,
  bigUint,
  codec,
  f32,
  hash,
  integer,
  list,
  oneOf,
  optional,
  type Shape,
  struct,
  uint,
} from '../codec/shape.ts';
import type { ProofOperation } from '../codec/types.ts';
import { concatBytes, uint64BE } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { MAX_PAYABLES, MAX_PUNISHED, MAX_STAKE_RECORDS, MAX_TRAINER_RECORDS } from './limits.ts';
import { FULL_REPUTATION } from './reputation.ts';
import type {
  AuthorityRecord,
  AuthorityWish,
  BountyRecord,
  CastRulings,
  CastVote,
  Commit,
  Dispute,
  DisputeRecord,
  OpenRound,
  Payable,
  PaymentRecord,
  ProofRecord,
  ProtocolState,
  PunishedOffence,
  ScheduledChange,
  SealedRound,
  SettledRound,
  SlashRecord,
  StakeRecord,
  TrainerRecord,
} from './types.ts';

const STATE_DOMAIN = 'pol/protocol-state/2';
/** All lists full, each vote and ruling as large as an operation can be. */
const MAX_STATE_BYTES = 8 * 1024 * 1024;

/** A round's number, or −1 for "before the first". */
const roundOrNone = integer(-1);
const amount = bigUint(MAX_AMOUNT_BYTES);
const reputation = integer(0, FULL_REPUTATION);
const trainers = ascendingAddresses(MAX_TRAINERS_PER_ROUND);
const proofs = ascending<ProofOperation>(proofShape, (proof) => proof.trainer, MAX_TRAINERS_PER_ROUND);

const votes = ascending<CastVote>(struct<CastVote>({ authority: address, ...voteContent }), (vote) => vote.authority, MAX_AUTHORITIES);

const segmentKey = ({ proof, segment }: Dispute) => concatBytes(uint64BE(proof), uint64BE(segment));
const disputeFields = {
  proof: uint,
  segment: uint,
  reason: oneOf<Dispute['reason']>({ fraud: 1, digests: 2, unavailable: 3, unchecked: 4 }),
};
const disputes = ascending<Dispute>(struct<Dispute>(disputeFields), segmentKey, MAX_DISPUTES);

const trainerRecord: Shape<TrainerRecord> = struct<TrainerRecord>({
  address,
  joinedRound: uint,
  reputation,
  earned: amount,
  accepted: uint,
  rejected: uint,
  lastSealedRound: uint,
  lastBlamelessVoid: roundOrNone,
});

const authorityRecord: Shape<AuthorityRecord> = struct<AuthorityRecord>({
  address,
  reputation,
  earned: amount,
  onion: hash,
  revealedRound: roundOrNone,
  secretOnion: hash,
  renewal: optional(struct<Exclude<AuthorityRecord['renewal'], undefined>>({ round: uint, tip: hash, secretTip: hash })),
});

const stakeRecord: Shape<StakeRecord> = struct<StakeRecord>({
  address,
  bonded: amount,
  unbonding: amount,
  unbondsAt: uint,
  offences: uint,
});

const payable: Shape<Payable> = struct<Payable>({ address, wei: amount });
const wish: Shape<AuthorityWish> = struct<AuthorityWish>({ authority: address, round: uint, change: authorityChangeShape });
const scheduledChange: Shape<ScheduledChange> = struct<ScheduledChange>({ round: uint, change: authorityChangeShape });
const punishedOffence: Shape<PunishedOffence> = struct<PunishedOffence>({ authority: address, height: uint });
const punishedKey = ({ authority, height }: PunishedOffence) => concatBytes(uint64BE(height), authority);

const openRound: Shape<OpenRound> = struct<OpenRound>({
  number: uint,
  openedAt: uint,
  sealsAt: uint,
  beacon: hash,
  roster: trainers,
  startRoot: hash,
  proofs,
  withdrawn: trainers,
});

const sealedRound: Shape<SealedRound> = struct<SealedRound>({
  number: uint,
  openedAt: uint,
  sealedAt: uint,
  beacon: hash,
  roster: trainers,
  startRoot: hash,
  proofs,
  probation: trainers,
  checksPerAuthority: uint,
  challengeSeed: optional(hash),
  commits: ascending(struct<Commit>({ authority: address, commitment: hash, height: uint }), (each) => each.authority, MAX_AUTHORITIES),
  votes,
  disputes: optional(disputes),
  overflowing: ascending(uint, uint64BE, MAX_TRAINERS_PER_ROUND),
  rulings: ascending(struct<CastRulings>({ authority: address, rulings: rulingsShape }), (each) => each.authority, MAX_AUTHORITIES),
});

type HeldOut = Exclude<ProtocolState['heldOut'], undefined>;

const protocolState: Shape<ProtocolState> = struct<ProtocolState>({
  height: uint,
  beacon: hash,
  modelRoot: hash,
  settledRound: roundOrNone,
  open: openRound,
  sealed: optional(sealedRound),
  trainers: ascending(trainerRecord, (record) => record.address, MAX_TRAINER_RECORDS),
  authorities: ascending(authorityRecord, (record) => record.address, MAX_AUTHORITIES),
  minted: amount,
  burned: amount,
  bountyPool: amount,
  stakes: ascending(stakeRecord, (record) => record.address, MAX_STAKE_RECORDS),
  payables: ascending(payable, (each) => each.address, MAX_PAYABLES),
  largestReward: amount,
  checksPerAuthority: uint,
  heldOut: optional(struct<HeldOut>({ round: uint, loss: f32, accuracy: f32, best: f32 })),
  authorityWishes: ascending(wish, (each) => each.authority, MAX_AUTHORITIES),
  scheduledChanges: ascending(scheduledChange, ({ change }) => change.candidate, MAX_AUTHORITIES),
  punished: ascending(punishedOffence, punishedKey, MAX_PUNISHED),
  joining: trainers,
  eligible: trainers,
});

const proofRecord: Shape<ProofRecord> = struct<ProofRecord>({
  proof: proofShape,
  reward: amount,
  outcome: oneOf({ pending: 0, accepted: 1, rejected: 2, void: 3 }),
  decision: optional(oneOf({ accepted: 1, fraud: 2, unavailable: 3, gate: 4, unproven: 5, undecided: 6 })),
});

const divergence = struct<DisputeRecord['divergences'][number]>({ authority: address, step: uint });
const disputeRecord: Shape<DisputeRecord> = struct<DisputeRecord>({
  ...disputeFields,
  verdict: oneOf({ held: 1, fraud: 2, unavailable: 3, undecided: 4 }),
  digest: optional(hash),
  divergences: ascending(divergence, (each) => each.authority, MAX_AUTHORITIES),
});

const slashRecord: Shape<SlashRecord> = struct<SlashRecord>({
  address,
  reason: oneOf({ fraud: 1, false_finding: 2, double_sign: 3 }),
  wei: amount,
  rewarded: amount,
});

const payment = struct<PaymentRecord>({
  address,
  role: oneOf({ trainer: 1, authority: 2 }),
  wei: amount,
  locked: amount,
  unminted: amount,
});
const bounty = struct<BountyRecord>({ address, offender: address, wei: amount });

const settledRound: Shape<SettledRound> = struct<SettledRound>({
  round: uint,
  height: uint,
  proofs: ascending(proofRecord, (record) => record.proof.trainer, MAX_TRAINERS_PER_ROUND),
  votes,
  challengeSeed: optional(hash),
  disputes: ascending(disputeRecord, segmentKey, MAX_DISPUTES),
  slashes: list(slashRecord, MAX_TRAINERS_PER_ROUND + MAX_AUTHORITIES),
  emissionFactor: uint,
  authorityReward: amount,
  authorityRewards: ascending(
    struct<SettledRound['authorityRewards'][number]>({ authority: address, wei: amount }),
    (each) => each.authority,
    MAX_AUTHORITIES,
  ),
  authorityWork: ascending(
    struct<SettledRound['authorityWork'][number]>({ authority: address, wanted: uint, done: uint }),
    (each) => each.authority,
    MAX_AUTHORITIES,
  ),
  payments: list(payment, MAX_TRAINERS_PER_ROUND + MAX_AUTHORITIES),
  bounties: list(bounty, MAX_TRAINERS_PER_ROUND * MAX_AUTHORITIES),
  bountyShare: amount,
});

export const { encode: encodeProtocolState, decode: decodeProtocolState } = codec('protocolState', protocolState, MAX_STATE_BYTES);
export const { encode: encodeSettledRound, decode: decodeSettledRound } = codec('settledRound', settledRound, MAX_STATE_BYTES);

/** A settled round's opened votes, ascending by authority. */
export const { encode: encodeVotes } = codec('votes', votes, MAX_STATE_BYTES);

/** What headers commit to: SHA-256 under pol/protocol-state/2 of the state's RLP. */
export function protocolRoot(state: ProtocolState): Hash {
  return taggedHash(STATE_DOMAIN, encodeProtocolState(state));
}
