import type { Boundary } from '../codec/types.ts';
import { compareBytes, toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import type { ProtocolContext } from './context.ts';
import { protocolError } from './errors.ts';
import { roundLengthBlocks } from './limits.ts';
import { afterAbsence } from './reputation.ts';
import { nextPlaces } from './roster.ts';
import { settle } from './settle.ts';
import { findByAddress, hasAddress } from './sorted.ts';
import type { OpenRound, ProtocolOutput, ProtocolState, SealedRound, TrainerRecord } from './types.ts';

/**
 * The boundary block at the end of the open round r, at `height`. In this order:
 *
 * 1. settles r−1 by the votes on it: outcomes, coins, reputations;
 * 2. seals r: the listed proofs will be checked; who has a place and none of them loses a little reputation;
 * 3. opens r+1 with the beacon revealed during r.
 *
 * Whether the proposer's models follow from the settled and sealed updates is for the learning engine to check.
 * @throws PROTOCOL_SEALED_NOT_ASCENDING, PROTOCOL_SEALED_WITHOUT_PROOF
 */
export function applyBoundary(state: ProtocolState, height: number, boundary: Boundary, context: ProtocolContext): ProtocolOutput {
  checkSealedList(boundary.sealed, state.open);
  const settlement = state.sealed === undefined ? undefined : settle(state, state.sealed, context);
  const settledState = { ...state, ...settlement?.changes };
  const trainers = settledState.trainers.map((record) => recordSeal(record, state.open, boundary.sealed));
  const { roster, ...places } = nextPlaces({ ...settledState, trainers });
  return {
    state: {
      ...settledState,
      ...places,
      height,
      modelRoot: boundary.modelRoot,
      sealed: sealRound(state.open, boundary.sealed),
      open: {
        number: state.open.number + 1,
        openedAt: height,
        sealsAt: height + roundLengthBlocks(roster.length, context.genesis.rounds),
        beacon: state.beacon,
        roster,
        startRoot: boundary.startRoot,
        proofs: [],
      },
    },
    withdrawals: settlement?.withdrawals ?? [],
    settled: settlement?.settled,
  };
}

function checkSealedList(sealed: readonly Address[], open: OpenRound): void {
  let previous: Address | undefined;
  for (const trainer of sealed) {
    // 1. The list ascends and names each trainer once.
    if (previous !== undefined && compareBytes(previous, trainer) >= 0) {
      throw protocolError('PROTOCOL_SEALED_NOT_ASCENDING', `boundary.sealed: ${toHex(trainer)} is out of order or named twice`);
    }
    // 2. Each has a proof in a block of the round.
    if (findByAddress(open.proofs, trainer, (proof) => proof.trainer) === undefined) {
      throw protocolError('PROTOCOL_SEALED_WITHOUT_PROOF', `boundary.sealed: ${toHex(trainer)} has no proof in round ${open.number}`);
    }
    previous = trainer;
  }
}

function sealRound(open: OpenRound, sealed: readonly Address[]): SealedRound {
  const { number, openedAt, sealsAt, beacon, roster, startRoot, proofs } = open;
  return {
    number,
    openedAt,
    sealedAt: sealsAt,
    beacon,
    roster,
    startRoot,
    proofs: proofs.filter((proof) => hasAddress(sealed, proof.trainer)),
    challengeSeed: undefined,
    votes: [],
  };
}

function recordSeal(record: TrainerRecord, open: OpenRound, sealed: readonly Address[]): TrainerRecord {
  if (hasAddress(sealed, record.address)) return { ...record, lastSealedRound: open.number };
  if (hasAddress(open.roster, record.address)) return { ...record, reputation: afterAbsence(record.reputation) };
  return record;
}
