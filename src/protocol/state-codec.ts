import { MAX_AMOUNT_BYTES, MAX_AUTHORITIES, MAX_TRAINERS_PER_ROUND } from '../codec/limits.ts';
import { proofShape, verdictsShape } from '../codec/operations.ts';
import {
  address,
  ascending,
  ascendingAddresses,
  bigUint,
  codec,
  f32,
  hash,
  integer,
  oneOf,
  optional,
  type Shape,
  struct,
  uint,
} from '../codec/shape.ts';
import type { ProofOperation } from '../codec/types.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { MAX_TRAINER_RECORDS } from './limits.ts';
import { FULL_REPUTATION } from './reputation.ts';
import type {
  AuthorityRecord,
  CastVote,
  OpenRound,
  ProofRecord,
  ProtocolState,
  SealedRound,
  SettledRound,
  TrainerRecord,
} from './types.ts';

const STATE_DOMAIN = 'pol/protocol-state/1';
/** All lists full, each vote with a verdict of fraud on every proof. */
const MAX_STATE_BYTES = 4 * 1024 * 1024;

/** A round's number, or −1 for "before the first". */
const roundOrNone = integer(-1);
const amount = bigUint(MAX_AMOUNT_BYTES);
const reputation = integer(0, FULL_REPUTATION);
const trainers = ascendingAddresses(MAX_TRAINERS_PER_ROUND);
const proofs = ascending<ProofOperation>(proofShape, (proof) => proof.trainer, MAX_TRAINERS_PER_ROUND);

const votes = ascending<CastVote>(
  struct<CastVote>({ authority: address, verdicts: verdictsShape, heldOutLoss: f32, heldOutAccuracy: f32 }),
  (vote) => vote.authority,
  MAX_AUTHORITIES,
);

const trainerRecord: Shape<TrainerRecord> = struct<TrainerRecord>({
  address,
  joinedRound: uint,
  reputation,
  earned: amount,
  accepted: uint,
  rejected: uint,
  lastSealedRound: uint,
});

const authorityRecord: Shape<AuthorityRecord> = struct<AuthorityRecord>({
  address,
  reputation,
  earned: amount,
  onion: hash,
  revealedRound: roundOrNone,
});

const openRound: Shape<OpenRound> = struct<OpenRound>({
  number: uint,
  openedAt: uint,
  sealsAt: uint,
  beacon: hash,
  roster: trainers,
  startRoot: hash,
  proofs,
});

const sealedRound: Shape<SealedRound> = struct<SealedRound>({
  number: uint,
  openedAt: uint,
  sealedAt: uint,
  beacon: hash,
  roster: trainers,
  startRoot: hash,
  proofs,
  challengeSeed: optional(hash),
  votes,
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
  heldOut: optional(struct<HeldOut>({ round: uint, loss: f32, accuracy: f32 })),
  joining: trainers,
  eligible: trainers,
});

const proofRecord: Shape<ProofRecord> = struct<ProofRecord>({
  proof: proofShape,
  reward: amount,
  outcome: oneOf({ pending: 0, accepted: 1, rejected: 2, void: 3 }),
});

const settledRound: Shape<SettledRound> = struct<SettledRound>({
  round: uint,
  proofs: ascending(proofRecord, (record) => record.proof.trainer, MAX_TRAINERS_PER_ROUND),
  votes,
  challengeSeed: optional(hash),
  authorityReward: amount,
});

export const { encode: encodeProtocolState, decode: decodeProtocolState } = codec('protocolState', protocolState, MAX_STATE_BYTES);
export const { encode: encodeSettledRound, decode: decodeSettledRound } = codec('settledRound', settledRound, MAX_STATE_BYTES);

/** What headers commit to: SHA-256 under pol/protocol-state/1 of the state's RLP. */
export function protocolRoot(state: ProtocolState): Hash {
  return taggedHash(STATE_DOMAIN, encodeProtocolState(state));
}
