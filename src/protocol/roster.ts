import type { Address } from '../primitives/keys.ts';
import { IDLE_ROUNDS, MAX_TRAINER_RECORDS } from './limits.ts';
import { INITIAL_REPUTATION } from './reputation.ts';
import { findByAddress, hasAddress, withAddress, withItem } from './sorted.ts';
import type { ProtocolState, TrainerRecord } from './types.ts';

const addressOf = (record: TrainerRecord): Address => record.address;

type Places = Pick<ProtocolState, 'joining' | 'eligible' | 'trainers'> & { readonly roster: readonly Address[] };

/**
 * Who has a place in the round that opens when `state.open` ends; `state.trainers` already tells who was sealed in it.
 *
 * 1. Whoever has a place keeps it unless it was sealed in none of the last IDLE_ROUNDS rounds.
 * 2. Who asked to join before the round now ending began gets a place. Who asked during it waits one round more: the
 *    preimages that make the next beacon were being revealed by then, so an address could have been ground to fit it.
 * 3. A network without any trainer takes whoever waits: a lone or first trainer gains nothing by its slot.
 */
export function nextPlaces(state: ProtocolState): Places {
  const { open, joining, trainers } = state;
  const idle = (trainer: Address) => {
    const record = findByAddress(trainers, trainer, addressOf);
    return record === undefined || open.number - record.lastSealedRound >= IDLE_ROUNDS;
  };
  const staying = open.roster.filter((trainer) => !idle(trainer));
  const newcomers = staying.length === 0 && state.eligible.length === 0 ? joining : state.eligible;
  const waiting = joining.filter((trainer) => !hasAddress(newcomers, trainer));
  const roster = newcomers.reduce(withAddress, staying);
  const records = newcomers.reduce((all, trainer) => welcome(all, trainer, open.number + 1), trainers);
  return { roster, joining: waiting, eligible: waiting, trainers: forget(records, roster) };
}

function welcome(trainers: readonly TrainerRecord[], address: Address, round: number): readonly TrainerRecord[] {
  const known = findByAddress(trainers, address, addressOf);
  const fresh = {
    address,
    joinedRound: round,
    reputation: INITIAL_REPUTATION,
    earned: 0n,
    accepted: 0,
    rejected: 0,
    lastBlamelessVoid: -1,
  };
  return withItem(trainers, { ...(known ?? fresh), lastSealedRound: round - 1 }, addressOf);
}

/** Keeps the state small: of trainers without a place, those idle longest are forgotten once there are too many records. */
function forget(trainers: readonly TrainerRecord[], roster: readonly Address[]): readonly TrainerRecord[] {
  const excess = trainers.length - MAX_TRAINER_RECORDS;
  if (excess <= 0) return trainers;
  const absent = trainers.filter((record) => !hasAddress(roster, record.address));
  // The sort is stable and the list ascends by address: ties are the same on every node.
  const forgotten = new Set(absent.sort((a, b) => a.lastSealedRound - b.lastSealedRound).slice(0, excess));
  return trainers.filter((record) => !forgotten.has(record));
}
