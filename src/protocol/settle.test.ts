import { describe, expect, it } from 'vitest';
import { hasQuorum } from '../codec/quorum.ts';
import type { Verdict } from '../codec/types.ts';
import { decide } from './settle.ts';
import {
  accept,
  beforeBoundary,
  fraud,
  idleUntil,
  nextBlock,
  provenRound,
  settledBy,
  testNetwork,
  trainersNamed,
  unavailable,
  vote,
  withTrainers,
} from './testing/network.ts';

const times = (count: number, verdict: Verdict): Verdict[] => Array.from({ length: count }, () => verdict);
const unchecked: Verdict = { kind: 'unchecked' };
const LIES: readonly (Verdict | undefined)[] = [accept, unavailable, unchecked, fraud(1), undefined];

describe('decide', () => {
  it('accepts by quorum only', () => {
    expect(decide(times(3, accept), 4)).toBe('accepted');
    expect(decide(times(2, accept), 4)).toBe('undecided');
    expect(decide(times(3, accept), 3)).toBe('accepted');
    expect(decide(times(2, accept), 3)).toBe('undecided');
    expect(decide([], 1)).toBe('undecided');
  });

  it('rejects, or finds unavailable, by more than one third', () => {
    expect(decide([fraud(0)], 4)).toBe('undecided');
    expect(decide([fraud(0), fraud(3)], 4)).toBe('rejected');
    expect(decide([fraud(0)], 3)).toBe('undecided');
    expect(decide([fraud(0), fraud(0), accept], 3)).toBe('rejected');
    expect(decide([unavailable, unavailable, accept, accept], 4)).toBe('unavailable');
    expect(decide([unavailable, unavailable, fraud(0), fraud(0)], 4)).toBe('rejected');
  });

  it('takes what nobody came to for nothing', () => {
    expect(decide([accept, accept, accept, unchecked], 4)).toBe('accepted');
    expect(decide([accept, accept, unchecked, unchecked], 4)).toBe('undecided');
    expect(decide(times(4, unchecked), 4)).toBe('undecided');
  });

  it('never depends on who is first: acceptance and rejection exclude each other', () => {
    for (let authorities = 1; authorities <= 40; authorities++) {
      for (let accepts = 0; accepts <= authorities; accepts++) {
        const frauds = authorities - accepts;
        expect(hasQuorum(accepts, authorities) && 3 * frauds > authorities).toBe(false);
      }
    }
  });

  it('gives fewer than one third of liars no say, whatever they do', () => {
    for (let authorities = 1; authorities <= 31; authorities++) {
      const liars = Math.ceil(authorities / 3) - 1;
      if (!hasQuorum(authorities - liars, authorities)) continue;
      for (const lie of LIES) {
        const lies = lie === undefined ? [] : times(liars, lie);
        expect(decide([...times(authorities - liars, accept), ...lies], authorities)).toBe('accepted');
        expect(decide([...times(authorities - liars, fraud(0)), ...lies], authorities)).toBe('rejected');
      }
    }
  });
});

describe('one liar of four authorities', () => {
  const network = testNetwork(4);
  const { votable } = provenRound(network, withTrainers(network, trainersNamed(2)));
  const challenged = (votable.sealed?.proofs[0]?.segments ?? 0) - 1;

  it.each(LIES.map((lie) => [lie?.kind ?? 'silence', lie] as const))('changes nothing by %s', (_name, lie) => {
    const lying = lie?.kind === 'fraud' ? fraud(challenged) : lie;
    const byLiar = lying === undefined ? undefined : [lying, lying];
    for (const [truth, outcome] of [
      [accept, 'accepted'],
      [fraud(challenged), 'rejected'],
    ] as const) {
      const honest = [truth, truth];
      const { settled } = settledBy(network, votable, [byLiar, honest, honest, honest]);
      expect(settled?.proofs.map((record) => record.outcome)).toEqual([outcome, outcome]);
    }
  });
});

describe('settling', () => {
  const network = testNetwork(4);
  const trainers = trainersNamed(3);
  const { votable } = provenRound(network, withTrainers(network, trainers));
  const last = (votable.sealed?.proofs[0]?.segments ?? 0) - 1;
  const mixed = [accept, fraud(last), unavailable];

  it('moves reputations by the decision', () => {
    const { state, settled } = settledBy(network, votable, [mixed, mixed, mixed, undefined]);
    expect(settled?.proofs.map((record) => record.outcome)).toEqual(['accepted', 'rejected', 'void']);
    // The last factor is for round 2, in which nobody proved anything.
    const late = (reputation: number) => Math.floor((reputation * 95) / 100);
    expect(state.trainers.map((record) => record.reputation)).toEqual([late(525_000), 0, late(350_000)]);
    expect(state.trainers.map((record) => [record.accepted, record.rejected])).toEqual([
      [1, 0],
      [0, 1],
      [0, 0],
    ]);
    expect(state.authorities.map((record) => record.reputation)).toEqual([525_000, 525_000, 525_000, 475_000]);
  });

  it('pays the trainers accepted and the authorities that agreed with all that was decided', () => {
    const dissent = [accept, accept, accept];
    const { state, withdrawals, settled } = settledBy(network, votable, [dissent, mixed, mixed, mixed]);
    const paid = network.authorities.slice(1).map(({ address }) => ({ address, gwei: 625_000_000n }));
    expect(withdrawals).toEqual([{ address: trainers[0], gwei: 7_000_000_000n }, ...paid]);
    expect(settled?.authorityReward).toBe(625_000_000_000_000_000n);
    expect(state.authorities[0]).toMatchObject({ earned: 0n, reputation: 500_000 });
    // What was void binds nobody: calling it what one likes is agreement.
    const lenient = [accept, fraud(last), accept];
    expect(settledBy(network, votable, [lenient, mixed, mixed, mixed]).withdrawals).toHaveLength(5);
  });

  it('pays nobody and costs no trainer anything when too few vote', () => {
    const { state, withdrawals, settled } = settledBy(network, votable, [mixed, undefined, undefined, undefined]);
    expect(settled?.proofs.map((record) => record.outcome)).toEqual(['void', 'void', 'void']);
    expect(withdrawals).toEqual([]);
    expect(state.minted).toBe(0n);
    expect(state.trainers.map((record) => record.reputation)).toEqual([475_000, 475_000, 475_000]);
  });

  it('takes the held-out loss that a quorum measured to the bit, and does not pay for another', () => {
    const { authorities } = network;
    const verdicts = [accept, accept, accept];
    const cast = (losses: readonly number[]) => {
      const votes = authorities.map(({ address }, i) => vote(address, 1, verdicts, losses[i]));
      return nextBlock(network, beforeBoundary(network, nextBlock(network, votable, votes).state));
    };
    const agreed = cast([2.5, 2.5, 2.5, 2.25]);
    expect(agreed.state.heldOut).toEqual({ round: 1, loss: 2.5, accuracy: 0.25 });
    expect(agreed.withdrawals).toHaveLength(3 + 3);
    // A round without agreement leaves the last agreed measurement.
    expect(idleUntil(network, agreed.state, agreed.state.open.sealsAt)).toMatchObject({ settledRound: 2, heldOut: agreed.state.heldOut });
    const split = cast([2.5, 2.5, 2.25, 2.25]);
    expect(split.state.heldOut).toBeUndefined();
    expect(split.withdrawals).toHaveLength(3 + 4);
  });
});
