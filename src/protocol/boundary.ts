import type { Boundary } from '../codec/types.ts';
import { compareBytes, equalBytes, toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { moveAuthoritySet, nextAuthorities } from './authority-set.ts';
import type { ProtocolContext } from './context.ts';
import { protocolError } from './errors.ts';
import { releaseUnbonded } from './exits.ts';
import { roundLengthBlocks } from './limits.ts';
import { afterAbsence } from './reputation.ts';
import { nextPlaces } from './roster.ts';
import { settle } from './settle.ts';
import { findByAddress, hasAddress } from './sorted.ts';
import { isOnProbation } from './stakes.ts';
import type { OpenRound, ProtocolState, SealedRound, SettledRound, TrainerRecord, Withdrawal } from './types.ts';

interface BoundaryOutput {
  readonly state: ProtocolState;
  readonly withdrawals: readonly Withdrawal[];
  readonly settled: SettledRound | undefined;
}

/**
 * The boundary block at the end of the open round r, at `height`. In this order:
 *
 * 1. settles r−1 by the votes on it: outcomes, slashing, coins, reputations;
 * 2. owes the stakes that were asked back long enough ago;
 * 3. seals r: the listed proofs will be checked; who has a place and neither one of them nor took one back loses a little reputation;
 * 4. changes the authority set as scheduled, so that who checks r also votes on it and signs the next blocks;
 * 5. opens r+1 with the beacon revealed during r.
 *
 * Whether the proposer's models follow from the settled and sealed updates is for the learning engine to check.
 * @throws PROTOCOL_SEALED_NOT_ASCENDING, PROTOCOL_SEALED_WITHOUT_PROOF, PROTOCOL_AUTHORITIES_WRONG
 */
export function applyBoundary(state: ProtocolState, height: number, boundary: Boundary, context: ProtocolContext): BoundaryOutput {
  const { open } = state;
  checkSealedList(boundary.sealed, open);
  checkAuthorities(boundary.authorities, nextAuthorities(state));
  const settlement = state.sealed === undefined ? undefined : settle(state, state.sealed, height, context);
  const released = releaseUnbonded(settlement?.state ?? state, open.number);
  const settledState = { ...released, trainers: released.trainers.map((record) => recordSeal(record, open, boundary.sealed)) };
  const sealed = sealRound(settledState, boundary.sealed);
  const { roster, ...places } = nextPlaces(settledState);
  return {
    state: {
      ...settledState,
      ...moveAuthoritySet(settledState),
      ...places,
      height,
      modelRoot: boundary.modelRoot,
      sealed,
      open: {
        number: open.number + 1,
        openedAt: height,
        sealsAt: height + roundLengthBlocks(roster.length + sealed.proofs.length, context.genesis.rounds),
        beacon: state.beacon,
        roster,
        startRoot: boundary.startRoot,
        proofs: [],
        withdrawn: [],
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

/** The set is stated exactly when it changes, so that headers and bodies tell a light client whose signatures come next. */
function checkAuthorities(stated: readonly Address[] | undefined, expected: readonly Address[] | undefined): void {
  const isEqual =
    stated === undefined || expected === undefined
      ? stated === expected
      : stated.length === expected.length && stated.every((each, i) => equalBytes(each, expected[i] as Address));
  if (isEqual) return;
  const wanted = expected === undefined ? 'no change of the set is due' : `the set becomes ${expected.map(toHex).join(', ')}`;
  throw protocolError('PROTOCOL_AUTHORITIES_WRONG', `boundary.authorities: ${wanted}`);
}

/** @param state with r settled: a trainer slashed just now is on probation in the round sealed just now */
function sealRound(state: ProtocolState, listed: readonly Address[]): SealedRound {
  const { number, openedAt, sealsAt, beacon, roster, startRoot, proofs } = state.open;
  return {
    number,
    openedAt,
    sealedAt: sealsAt,
    beacon,
    roster,
    startRoot,
    proofs: proofs.filter((proof) => hasAddress(listed, proof.trainer)),
    probation: listed.filter((trainer) => isOnProbation(state, trainer)),
    checksPerAuthority: state.checksPerAuthority,
    challengeSeed: undefined,
    commits: [],
    votes: [],
    disputes: undefined,
    overflowing: [],
    rulings: [],
  };
}

function recordSeal(record: TrainerRecord, open: OpenRound, sealed: readonly Address[]): TrainerRecord {
  if (hasAddress(sealed, record.address)) return { ...record, lastSealedRound: open.number };
  const isMissing = hasAddress(open.roster, record.address) && !hasAddress(open.withdrawn, record.address);
  return isMissing ? { ...record, reputation: afterAbsence(record.reputation) } : record;
}
