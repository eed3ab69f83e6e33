import { describe, expect, it } from 'vitest';
import { WEI_PER_GWEI, WEI_PER_POL } from '../primitives/units.ts';
import { drawOf } from './draw.ts';
import { stakeOf } from './stakes.ts';
import {
  everyone,
  type Finder,
  fraud,
  fraudulent,
  held,
  idleUntil,
  lazy,
  nextBlock,
  ok,
  only,
  provenRound,
  settledBy,
  TEST_STAKE,
  testNetwork,
  trainersNamed,
  unavailable,
  unchecked,
  unserved,
  withTrainers,
} from './testing/network.ts';
import type { ProtocolState } from './types.ts';

const network = testNetwork(4);
const { authorities } = network;
const trainers = trainersNamed(3);
const { votable } = provenRound(network, withTrainers(network, trainers));
const honest = ok(network);
const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`;

/** Places of the authorities that were dealt the last segment of a proof. */
const holdersOf = (proof: number) => {
  const draw = drawOf(votable);
  return authorities.flatMap(({ address }, i) => (draw?.dealt.get(hex(address))?.includes(draw.obligatory[proof] ?? -1) ? [i] : []));
};
const by = (index: number, special: Finder | undefined) => everyone(network, honest as Finder | undefined).with(index, special);
const stake = (state: ProtocolState, address: Uint8Array | undefined) => stakeOf(state.stakes, address ?? new Uint8Array(20)).bonded;
const outcomes = (output: ReturnType<typeof settledBy>) => output.settled.proofs.map((record) => record.decision);
const [liar = 0, witness = 0] = holdersOf(1);
const late = (reputation: number) => Math.floor((reputation * 95) / 100);
const SEAT_GWEI = 625_000_000n;

describe('fraud upheld', () => {
  const forged = by(witness, only(fraud, honest, 1, 2)).with(liar, only(fraud, honest, 1, 2));
  const output = settledBy(network, votable, forged, everyone(network, fraudulent(network)));

  it('rejects the proof, takes half the stake, and pays a tenth of that to the finders', () => {
    expect(outcomes(output)).toEqual(['accepted', 'fraud', 'accepted']);
    expect(stake(output.state, trainers[1])).toBe(TEST_STAKE / 2n);
    expect(output.settled.slashes).toEqual([{ address: trainers[1], reason: 'fraud', wei: TEST_STAKE / 2n, rewarded: TEST_STAKE / 20n }]);
    expect(output.burned).toBe(TEST_STAKE / 2n - TEST_STAKE / 20n);
    // The pool has half a POL from this round, which is settled after the slashing: nothing to add to the tenth yet.
    const paid = nextBlock(network, output.state);
    const finders = [liar, witness].sort((a, b) => a - b).map((i) => authorities[i]?.address);
    expect(paid.withdrawals).toEqual(finders.map((address) => ({ address, gwei: TEST_STAKE / 40n / WEI_PER_GWEI })));
    expect(paid.state.payables).toEqual([]);
  });

  it('leaves the trainer without reputation, on probation', () => {
    expect(output.state.trainers[1]).toMatchObject({ reputation: 0, rejected: 1, accepted: 0 });
    expect(output.state.trainers[0]).toMatchObject({ reputation: late(525_000), rejected: 0, accepted: 1 });
  });

  it('takes the stake of who called the segment in order', () => {
    const denied = by(liar, only(lazy(network), honest, 1, 2)).with(witness, only(fraud, honest, 1, 2));
    const { settled, state } = settledBy(network, votable, denied, everyone(network, fraudulent(network)));
    expect(settled.slashes.map(({ address, reason }) => ({ address, reason }))).toEqual([
      { address: trainers[1], reason: 'fraud' },
      { address: authorities[liar]?.address, reason: 'false_finding' },
    ]);
    expect(stake(state, authorities[liar]?.address)).toBe(TEST_STAKE / 2n);
    expect(state.authorities[liar]).toMatchObject({ reputation: 0, earned: 0n });
  });

  it('takes everything the second time', () => {
    const before = { ...votable, stakes: votable.stakes.map((record) => ({ ...record, offences: 1 })) };
    const { state, settled } = settledBy(network, before, forged, everyone(network, fraudulent(network)));
    expect(stake(state, trainers[1])).toBe(0n);
    expect(settled.slashes[0]).toMatchObject({ wei: TEST_STAKE });
  });

  it('adds to the finders’ part from the bounty pool, at most as much again', () => {
    const rich = { ...votable, bountyPool: 1_000_000n * WEI_PER_POL };
    const { state } = settledBy(network, rich, forged, everyone(network, fraudulent(network)));
    const finders = state.payables.reduce((sum, { wei }) => sum + wei, 0n);
    expect(finders).toBe(TEST_STAKE / 10n);
    expect(rich.bountyPool - state.bountyPool).toBe(TEST_STAKE / 20n);
  });

  it('burns all that nobody found: an unchecked segment that all rulings call fraudulent', () => {
    const skip = only(unchecked, honest, 1, 2);
    const unseen = by(liar, skip).with(witness, skip);
    const { settled, burned } = settledBy(network, votable, unseen, everyone(network, fraudulent(network)));
    expect(settled.slashes).toEqual([{ address: trainers[1], reason: 'fraud', wei: TEST_STAKE / 2n, rewarded: 0n }]);
    expect(burned).toBe(TEST_STAKE / 2n);
  });
});

describe('an accusation that a quorum refutes', () => {
  it.each([
    ['of fraud', fraud],
    ['by invented gradients', lazy(network)],
  ])('%s costs the accuser half its stake and its pay, and the trainer nothing', (_name, lie) => {
    const output = settledBy(network, votable, by(liar, only(lie, honest, 1, 2)));
    expect(outcomes(output)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(stake(output.state, trainers[1])).toBe(TEST_STAKE);
    expect(output.settled.slashes).toEqual([
      { address: authorities[liar]?.address, reason: 'false_finding', wei: TEST_STAKE / 2n, rewarded: TEST_STAKE / 20n },
    ]);
    // As much as a hundred rounds' bounties: the round adds none.
    expect(output.state.bountyPool).toBe(TEST_STAKE / 20n);
    expect(output.settled.authorityRewards.map(({ authority }) => authority)).not.toContainEqual(authorities[liar]?.address);
  });

  it('that a segment was not served costs no stake: pay, and reputation of who alone missed it', () => {
    const output = settledBy(network, votable, by(liar, only(unavailable, honest, 1, 2)));
    expect(outcomes(output)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(output.settled.slashes).toEqual([]);
    expect(output.state.authorities[liar]?.reputation).toBe(350_000);
    const both = settledBy(network, votable, by(liar, only(unavailable, honest, 1, 2)).with(witness, only(unavailable, honest, 1, 2)));
    expect(both.state.authorities[liar]?.reputation).toBe(525_000);
    expect(both.settled.slashes).toEqual([]);
  });
});

describe('a dispute without a quorum', () => {
  const disputed = by(liar, only(fraud, honest, 1, 2));

  it('voids the proof and touches no stake', () => {
    const split = [held(network), held(network), fraudulent(network), fraudulent(network)];
    for (const rulers of [split, everyone(network, undefined), [held(network), held(network), undefined, undefined]]) {
      const output = settledBy(network, votable, disputed, rulers);
      expect(outcomes(output)).toEqual(['accepted', 'unproven', 'accepted']);
      expect(output.settled.slashes).toEqual([]);
      expect(output.burned).toBe(0n);
      expect(output.state.trainers[1]?.reputation).toBe(late(500_000));
    }
  });

  it('voids what more than a third could not get, which costs its trainer reputation', () => {
    const output = settledBy(network, votable, disputed, [unserved, unserved, held(network), held(network)]);
    expect(outcomes(output)).toEqual(['accepted', 'unavailable', 'accepted']);
    expect(output.settled.slashes).toEqual([]);
    expect(output.state.trainers[1]?.reputation).toBe(late(350_000));
  });

  it('costs no reputation in the round after one that came to nothing by others’ fault: it went on from it', () => {
    const rulers = [unserved, unserved, held(network), held(network)];
    const reputationAfter = (lastBlamelessVoid: number) => {
      const records = votable.trainers.map((record) => ({ ...record, lastBlamelessVoid }));
      return settledBy(network, { ...votable, trainers: records }, disputed, rulers).state.trainers[1];
    };
    const round = votable.sealed?.number ?? 0;
    expect(reputationAfter(round - 1)).toMatchObject({ reputation: late(500_000), lastBlamelessVoid: round - 1 });
    expect(reputationAfter(round - 2)).toMatchObject({ reputation: late(350_000), lastBlamelessVoid: round - 2 });
    const undecided = settledBy(network, votable, disputed, everyone(network, undefined)).state.trainers;
    expect(undecided.map((record) => record.lastBlamelessVoid)).toEqual([-1, round, -1]);
  });
});

describe('pay', () => {
  it('is a fixed seat for each authority: nobody gains by the silence of another', () => {
    const all = settledBy(network, votable, everyone(network, honest));
    expect(all.withdrawals.slice(3).map(({ gwei }) => gwei)).toEqual([SEAT_GWEI, SEAT_GWEI, SEAT_GWEI, SEAT_GWEI]);
    const silent = settledBy(network, votable, by(3, undefined));
    expect(silent.withdrawals.slice(3).map(({ gwei }) => gwei)).toEqual([SEAT_GWEI, SEAT_GWEI, SEAT_GWEI]);
    expect(silent.state.authorities[3]?.reputation).toBe(475_000);
  });

  it('is by what was done of what was dealt', () => {
    const { settled } = settledBy(network, votable, by(liar, only(unchecked, honest, 1)));
    const dealt = settled.votes[liar]?.findings ?? [];
    const done = BigInt(dealt.filter(({ kind }) => kind === 'ok').length);
    const part = (SEAT_GWEI * WEI_PER_GWEI * done) / BigInt(dealt.length);
    expect(settled.authorityRewards[liar]?.wei).toBe(part - (part % WEI_PER_GWEI));
    expect(done).toBeLessThan(dealt.length);
  });

  it('is nothing without a seat in the draw, but the vote counts', () => {
    const round = provenRound(network, withTrainers(network, trainers), 3, authorities.slice(1));
    const output = settledBy(network, round.votable, everyone(network, honest));
    expect(output.settled.votes).toHaveLength(4);
    expect(output.settled.votes[0]?.findings).toEqual([]);
    expect(output.settled.authorityRewards).toHaveLength(3);
    expect(outcomes(output)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(output.state.authorities[0]).toMatchObject({ reputation: 475_000, earned: 0n });
    expect(stake(output.state, authorities[0]?.address)).toBe(TEST_STAKE);
  });

  it('is nobody’s when too few vote, and costs no trainer anything', () => {
    const output = settledBy(network, votable, [honest, undefined, undefined, undefined]);
    expect(outcomes(output)).toEqual(['undecided', 'undecided', 'undecided']);
    expect(output.withdrawals).toEqual([]);
    expect(output.state.minted).toBe(0n);
    expect(output.state.trainers.map((record) => record.reputation)).toEqual([475_000, 475_000, 475_000]);
  });
});

describe('measurements', () => {
  const measured = (losses: readonly number[]) =>
    settledBy(network, votable, everyone(network, honest), undefined, (i) => ({ heldOutLoss: losses[i] ?? 0 }));

  it('count when a quorum has them to the bit, and another’s is not paid for', () => {
    const agreed = measured([2.5, 2.5, 2.5, 2.25]);
    expect(agreed.state.heldOut).toEqual({ round: 1, loss: 2.5, accuracy: 0.25, best: 2.5 });
    expect(agreed.withdrawals).toHaveLength(3 + 3);
    // A round without agreement leaves the last agreed measurement.
    expect(idleUntil(network, agreed.state, agreed.state.open.sealsAt)).toMatchObject({ settledRound: 2, heldOut: agreed.state.heldOut });
    const split = measured([2.5, 2.5, 2.25, 2.25]);
    expect(split.state.heldOut).toBeUndefined();
    expect(split.withdrawals).toHaveLength(3 + 4);
    expect(split.settled.emissionFactor).toBe(500_000);
  });

  it('scale the emission by the fall of the least held-out loss', () => {
    const known = (best: number) => ({ ...votable, heldOut: { round: 0, loss: 9, accuracy: 0, best } });
    const settle = (best: number) => settledBy(network, known(best), everyone(network, honest));
    expect(settle(3.5).settled.emissionFactor).toBe(1_000_000);
    expect(settle(3).settled.emissionFactor).toBe(500_000);
    expect(settle(2.5).state.heldOut).toMatchObject({ loss: 3, best: 2.5 });
    const paid = (best: number) => settle(best).withdrawals.reduce((sum, { gwei }) => sum + gwei, 0n);
    expect(paid(3) * 2n).toBeGreaterThanOrEqual(paid(3.5) - 10n);
    expect(paid(3) * 2n).toBeLessThanOrEqual(paid(3.5) + 10n);
  });

  const gated = (losses: (i: number) => readonly (number | undefined)[]) =>
    settledBy(network, votable, everyone(network, honest), undefined, (i) => ({ gateBaseline: 4, gateLosses: losses(i) }));

  it('keep out an update that raises the loss beyond the tolerance, and only that', () => {
    // 5 % above 4 · 2^20 is 4404019.2.
    const output = gated(() => [4_404_019 / 2 ** 20, 4_404_020 / 2 ** 20, 3]);
    expect(outcomes(output)).toEqual(['accepted', 'gate', 'accepted']);
    expect(output.settled.proofs[1]).toMatchObject({ outcome: 'void', reward: 0n });
    expect(output.settled.slashes).toEqual([]);
    expect(output.state.trainers[1]?.reputation).toBe(late(500_000));
  });

  it('need a quorum with the same bits to keep anything out', () => {
    expect(outcomes(gated((i) => [4, i < 2 ? 9 : 8, 4]))).toEqual(['accepted', 'accepted', 'accepted']);
    expect(outcomes(gated((i) => [4, i < 2 ? 9 : undefined, 4]))).toEqual(['accepted', 'accepted', 'accepted']);
    expect(outcomes(gated((i) => [4, i < 3 ? 9 : 1, 4]))).toEqual(['accepted', 'gate', 'accepted']);
  });
});

describe('one liar of four authorities', () => {
  const lies: readonly (readonly [string, Finder | undefined])[] = [
    ['silence', undefined],
    ['fraud', fraud],
    ['invented gradients', lazy(network)],
    ['unavailable', unavailable],
    ['unchecked', unchecked],
  ];
  it.each(lies)('changes no outcome by %s, whatever the rulings it makes', (_name, lie) => {
    for (const rule of [undefined, held(network), fraudulent(network), unserved]) {
      const rulers = everyone(network, held(network) as typeof rule).with(liar, rule);
      const output = settledBy(network, votable, by(liar, lie), rulers);
      expect(outcomes(output)).toEqual(['accepted', 'accepted', 'accepted']);
      for (const trainer of trainers) expect(stake(output.state, trainer)).toBe(TEST_STAKE);
      for (const [i, { address }] of authorities.entries()) if (i !== liar) expect(stake(output.state, address)).toBe(TEST_STAKE);
    }
  });
});
