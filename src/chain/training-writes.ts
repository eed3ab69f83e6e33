import { TRAINING_CONTRACT } from '../contracts/addresses.ts';
import { entrySlot, numberOf, packed, word } from '../contracts/storage.ts';
import type { SystemWrite } from '../execution/engine.ts';
import { fromHex } from '../primitives/bytes.ts';
import type { ProofRecord, ProtocolOutput, ProtocolState, SettledRound, StakeRecord, TrainerRecord } from '../protocol/types.ts';

/** The layout of contracts/Training.sol. */
const ROUNDS_SLOT = 5;
const PROOFS_SLOT = 6;
const TRAINERS_SLOT = 7;
const STAKES_SLOT = 8;
/** Rounds that the contract remembers. */
const RING = 8192n;
const PLACE_BITS = 32n;
const OUTCOMES: Readonly<Record<ProofRecord['outcome'], number>> = { pending: 0, accepted: 1, rejected: 2, void: 3 };

const address = fromHex(TRAINING_CONTRACT);

/**
 * What a block writes into the training contract before its transactions: what its consensus part changed. Before the first block nothing
 * is written, so that one writes everything.
 */
export function trainingWrites(
  before: ProtocolState,
  { state, settled }: Pick<ProtocolOutput, 'state' | 'settled'>,
): readonly SystemWrite[] {
  const isFirst = before.height === 0;
  const old = isFirst ? undefined : before;
  return [
    ...heads(state, old),
    ...changed(state.trainers, old?.trainers ?? [], TRAINERS_SLOT, trainerWords),
    ...changed(state.stakes, old?.stakes ?? [], STAKES_SLOT, stakeWords),
    ...(settled === undefined ? [] : roundWrites(state, settled)),
  ].map(([slot, value]) => ({ address, slot, value }));
}

type Slot = readonly [slot: Uint8Array, value: Uint8Array];

function headWords({
  open,
  settledRound,
  trainers,
  stakes,
  modelRoot,
  minted,
  burned,
  largestReward,
}: ProtocolState): readonly Uint8Array[] {
  return [
    packed([open.number, 64], [open.sealsAt, 64], [settledRound + 1, 64], [trainers.length, 32], [stakes.length, 32]),
    modelRoot,
    word(minted),
    word(burned),
    word(largestReward),
  ];
}

function heads(state: ProtocolState, old: ProtocolState | undefined): readonly Slot[] {
  const was = old === undefined ? [] : headWords(old);
  return headWords(state).flatMap((value, i) => {
    const previous = was[i];
    return previous !== undefined && numberOf(previous) === numberOf(value) ? [] : [[word(BigInt(i)), value] as const];
  });
}

/** Entries of a list that are others than before, and emptied places behind its end. Records are never changed in place. */
function changed<T>(now: readonly T[], old: readonly T[], slot: number, words: (record: T) => readonly Uint8Array[]): readonly Slot[] {
  if (now === old) return [];
  const length = Math.max(now.length, old.length);
  return Array.from({ length }, (_, i) => i).flatMap((i) => {
    const [record, previous] = [now[i], old[i]];
    if (record === previous) return [];
    const entry = entrySlot(slot, BigInt(i));
    if (record !== undefined) return words(record).map((value, place) => [entry(place), value] as const);
    return previous === undefined ? [] : words(previous).map((_, place) => [entry(place), word(0n)] as const);
  });
}

function trainerWords({ address: account, accepted, rejected, reputation, earned }: TrainerRecord): readonly Uint8Array[] {
  return [packed([numberOf(account), 160], [accepted, 32], [rejected, 32], [reputation, 32]), word(earned)];
}

function stakeWords({ address: account, offences, unbondsAt, bonded, unbonding }: StakeRecord): readonly Uint8Array[] {
  return [packed([numberOf(account), 160], [offences, 32], [unbondsAt, 64]), word(bonded), word(unbonding)];
}

function roundWrites(state: ProtocolState, { round, proofs }: SettledRound): readonly Slot[] {
  const place = BigInt(round) % RING;
  const accepted = proofs.filter(({ outcome }) => outcome === 'accepted');
  const tokens = accepted.reduce((sum, { proof }) => sum + proof.tokens, 0);
  const entry = entrySlot(ROUNDS_SLOT, place);
  const words = [
    packed([round, 64], [state.height, 64], [proofs.length, 32], [accepted.length, 32], [tokens, 64]),
    state.modelRoot,
    word(proofs.reduce((sum, { reward }) => sum + reward, 0n)),
  ];
  return [
    ...words.map((value, i) => [entry(i), value] as const),
    ...proofs.flatMap((record, i) => {
      const at = entrySlot(PROOFS_SLOT, (place << PLACE_BITS) | BigInt(i));
      return proofWords(record).map((value, k) => [at(k), value] as const);
    }),
  ];
}

function proofWords({ proof, outcome, reward }: ProofRecord): readonly Uint8Array[] {
  return [
    packed([numberOf(proof.trainer), 160], [OUTCOMES[outcome], 8], [proof.segments, 32], [proof.tokens, 48]),
    word(reward),
    proof.updateHash,
  ];
}
