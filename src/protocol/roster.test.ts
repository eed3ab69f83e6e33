import { describe, expect, it } from 'vitest';
import { compareBytes } from '../primitives/bytes.ts';
import { IDLE_ROUNDS, MAX_TRAINER_RECORDS } from './limits.ts';
import { nextPlaces } from './roster.ts';
import {
  addressNamed,
  beforeBoundary,
  idleUntil,
  join,
  named,
  nextBlock,
  proof,
  testNetwork,
  trainersNamed,
  withTrainers,
} from './testing/network.ts';
import type { ProtocolState, TrainerRecord } from './types.ts';

const network = testNetwork(3);
const trainers = trainersNamed(2);
const newcomer = addressNamed('newcomer');
const has = (list: readonly Uint8Array[], address: Uint8Array) => list.some((each) => compareBytes(each, address) === 0);

/** A round in which everybody proves. */
function workedRound(state: ProtocolState): ProtocolState {
  const proofs = state.open.roster.map((trainer) => proof(network, trainer, state.open.number));
  return idleUntil(network, nextBlock(network, state, proofs).state, state.open.sealsAt);
}

describe('places', () => {
  it('go to those who asked in the gathering round, from round 1 on', () => {
    const opened = withTrainers(network, trainers);
    expect(opened.open.roster).toEqual(trainers);
    expect(opened.joining).toEqual([]);
    expect(opened.trainers).toEqual(
      trainers.map((address) => ({
        address,
        joinedRound: 1,
        reputation: 500_000,
        earned: 0n,
        accepted: 0,
        rejected: 0,
        lastSealedRound: 0,
        lastBlamelessVoid: -1,
      })),
    );
  });

  it('make a newcomer wait for a beacon that was secret when it asked', () => {
    const opened = withTrainers(network, trainers);
    const asked = nextBlock(network, opened, [join(newcomer, 1)]).state;
    // Asked in round 1, while the beacon of round 2 was being revealed.
    const second = workedRound(asked);
    expect(has(second.open.roster, newcomer)).toBe(false);
    expect(second.joining).toEqual([newcomer]);
    expect(second.eligible).toEqual([newcomer]);
    const third = workedRound(second);
    expect(third.open.number).toBe(3);
    expect(has(third.open.roster, newcomer)).toBe(true);
    expect(third.joining).toEqual([]);
    expect(third.trainers.find((record) => compareBytes(record.address, newcomer) === 0)).toMatchObject({ joinedRound: 3 });
  });

  it('go to whoever waits when nobody has one', () => {
    const lonely = idleUntil(network, network.initial, network.initial.open.sealsAt);
    const asked = nextBlock(network, lonely, [join(newcomer, 1)]).state;
    expect(idleUntil(network, asked, asked.open.sealsAt).open.roster).toEqual([newcomer]);
  });

  it('are lost after three rounds without a sealed proof, and can be had again with the old record', () => {
    let state = withTrainers(network, trainers);
    const [worker, idler] = trainers as [Uint8Array, Uint8Array];
    for (let round = 1; round <= IDLE_ROUNDS; round++) {
      expect(state.open.roster).toEqual(trainers);
      state = nextBlock(network, state, [proof(network, worker, round)]).state;
      state = nextBlock(network, beforeBoundary(network, state)).state;
    }
    expect(state.open.roster).toEqual([worker]);
    const record = (of: ProtocolState) => of.trainers.find((each) => compareBytes(each.address, idler) === 0);
    const reputation = Math.floor((Math.floor((475_000 * 95) / 100) * 95) / 100);
    expect(record(state)).toMatchObject({ joinedRound: 1, reputation });

    const { number } = state.open;
    state = workedRound(nextBlock(network, state, [join(idler, number)]).state);
    state = workedRound(state);
    expect(state.open.roster).toEqual(trainers);
    expect(record(state)).toMatchObject({ joinedRound: 1, reputation, lastSealedRound: number + 1 });
  });
});

describe('records', () => {
  it('of the longest idle are forgotten when there are too many; those with a place stay', () => {
    const opened = withTrainers(network, trainers);
    const filler = Array.from(
      { length: MAX_TRAINER_RECORDS },
      (_, i): TrainerRecord => ({
        address: named('filler', i).slice(0, 20),
        joinedRound: 1,
        reputation: 1,
        earned: 1n,
        accepted: 1,
        rejected: 0,
        lastSealedRound: i < 10 ? 1 : 5 + (i % 7),
        lastBlamelessVoid: -1,
      }),
    );
    const records = [...opened.trainers, ...filler].sort((a, b) => compareBytes(a.address, b.address));
    const kept = nextPlaces({ ...opened, trainers: records }).trainers;
    expect(kept).toHaveLength(MAX_TRAINER_RECORDS);
    const addresses = kept.map((record) => record.address);
    expect(trainers.every((trainer) => has(addresses, trainer))).toBe(true);
    const forgotten = records.filter((record) => !kept.includes(record));
    expect(forgotten).toHaveLength(2);
    expect(forgotten.every((record) => record.lastSealedRound === 1)).toBe(true);
  });
});
