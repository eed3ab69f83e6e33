import { describe, expect, it } from 'vitest';
import type { SignedOperation } from '../codec/types.ts';
import { WEI_PER_GWEI, WEI_PER_POL } from '../primitives/units.ts';
import { acceptedProofs } from './acceptance.ts';
import { applyBlock } from './apply.ts';
import {
  addressNamed,
  beforeBoundary,
  everyone,
  fraud,
  fraudulent,
  held,
  idleUntil,
  join,
  named,
  nextBlock,
  ok,
  only,
  proof,
  provenRound,
  reveal,
  ruledBy,
  settledBy,
  testNetwork,
  trainersNamed,
  unsigned,
  votedBy,
  withTrainers,
} from './testing/network.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe.each([3, 4])('a network of %i authorities', (authorityCount) => {
  const network = testNetwork(authorityCount);
  const trainers = trainersNamed(3);

  it('goes from joining to paid and merged proofs', () => {
    // Round 0 gathers; it is no longer than other rounds.
    expect(network.initial.open).toMatchObject({ number: 0, openedAt: 0, sealsAt: 6, roster: [] });
    const opened = withTrainers(network, trainers);
    expect(opened.open).toMatchObject({ number: 1, openedAt: 6, sealsAt: 12, roster: trainers });
    expect(opened.sealed).toMatchObject({ number: 0, sealedAt: 6, proofs: [] });

    const { state: boundary, votable, settled: settledZero } = provenRound(network, opened);
    expect(settledZero).toMatchObject({ round: 0, proofs: [], authorityReward: 0n });
    expect(boundary.settledRound).toBe(0);
    expect(boundary.sealed?.proofs.map((each) => each.trainer)).toEqual(trainers);
    expect(boundary.sealed?.challengeSeed).toBeUndefined();
    expect(boundary.modelRoot).toEqual(named('model', 1));
    expect(boundary.open).toMatchObject({ number: 2, openedAt: 12, sealsAt: 18, roster: trainers, startRoot: named('start', 2) });
    expect(votable.height).toBe(14);
    expect(votable.sealed?.challengeSeed).toHaveLength(32);

    const { state, withdrawals, settled } = settledBy(network, votable, everyone(network, ok(network)));
    expect(settled?.proofs.map((record) => record.outcome)).toEqual(['accepted', 'accepted', 'accepted']);
    // 70 % of 10 POL over three equal proofs, whole gwei; 25 % over the seats.
    const each = (7n * WEI_PER_POL) / WEI_PER_GWEI / 3n;
    const seat = (25n * WEI_PER_POL) / 10n / WEI_PER_GWEI / BigInt(authorityCount);
    expect(withdrawals).toEqual([
      ...trainers.map((address) => ({ address, gwei: each })),
      ...network.authorities.map(({ address }) => ({ address, gwei: seat })),
    ]);
    const bounty = (5n * WEI_PER_POL) / 10n;
    expect(state.bountyPool).toBe(bounty);
    expect(state.minted).toBe((3n * each + BigInt(authorityCount) * seat) * WEI_PER_GWEI + bounty);
    expect(state.largestReward).toBe(each * WEI_PER_GWEI);
    // +(1 − 0.5)/20 for the accepted proof; then × 0.95, for round 2 has none.
    const reputation = Math.floor((525_000 * 95) / 100);
    expect(state.trainers.map(({ earned, accepted, reputation }) => ({ earned, accepted, reputation }))).toEqual(
      trainers.map(() => ({ earned: each * WEI_PER_GWEI, accepted: 1, reputation })),
    );
    expect(state.authorities.every((record) => record.reputation === 525_000 && record.earned === seat * WEI_PER_GWEI)).toBe(true);
    expect(state.heldOut).toEqual({ round: 1, loss: 3, accuracy: 0.25, best: 3 });
    expect(settled.emissionFactor).toBe(1_000_000);
  });

  it('mixes revealed preimages into challenges and the next beacon only', () => {
    const opened = withTrainers(network, trainers);
    const { state: boundary, votable } = provenRound(network, opened);
    expect(votable.beacon).not.toEqual(boundary.beacon);
    // The open round keeps the beacon it was opened with; the one after it gets the new one.
    expect(votable.open.beacon).toEqual(boundary.beacon);
    const next = idleUntil(network, votable, votable.open.sealsAt);
    expect(next.open.beacon).toEqual(votable.beacon);

    const withheld = idleUntil(network, boundary, votable.height);
    expect(withheld.beacon).not.toEqual(votable.beacon);
    expect(withheld.sealed?.challengeSeed).not.toEqual(votable.sealed?.challengeSeed);
  });

  it('settles nothing before the boundary, and knows what it will merge', () => {
    const { votable } = provenRound(network, withTrainers(network, trainers));
    const { context } = network;
    expect(acceptedProofs(votable, context)).toEqual([]);
    const accused = only(fraud, ok(network), 1);
    const voted = votedBy(network, votable, everyone(network, accused));
    // Disputed and not ruled on: not accepted as it stands.
    expect(acceptedProofs(voted, context).map((each) => each.trainer)).toEqual([trainers[0], trainers[2]]);
    const cleared = ruledBy(network, voted, everyone(network, held(network)));
    expect(acceptedProofs(cleared, context).map((each) => each.trainer)).toEqual(trainers);
    const convicted = ruledBy(network, voted, everyone(network, fraudulent(network)));
    expect(acceptedProofs(convicted, context).map((each) => each.trainer)).toEqual([trainers[0], trainers[2]]);
    const { settled } = nextBlock(network, beforeBoundary(network, convicted));
    expect(settled?.proofs.map((record) => record.outcome)).toEqual(['accepted', 'rejected', 'accepted']);
  });

  it('leaves out proofs that the boundary does not list', () => {
    const opened = withTrainers(network, trainers);
    const proven = nextBlock(
      network,
      opened,
      trainers.map((trainer) => proof(network, trainer, 1)),
    ).state;
    const listed = trainers.slice(1);
    const { state } = nextBlock(network, beforeBoundary(network, proven), [], listed);
    expect(state.sealed?.proofs.map((each) => each.trainer)).toEqual(listed);
    expect(state.trainers.map((record) => record.lastSealedRound)).toEqual([0, 1, 1]);
    expect(state.trainers.map((record) => record.reputation)).toEqual([475_000, 500_000, 500_000]);
  });
});

describe('a block is invalid', () => {
  const network = testNetwork(3);
  const trainers = trainersNamed(3);
  const opened = withTrainers(network, trainers);
  const proven = nextBlock(
    network,
    opened,
    trainers.slice(0, 2).map((trainer) => proof(network, trainer, 1)),
  ).state;
  const last = beforeBoundary(network, proven);
  const boundary = { sealed: [], modelRoot: named('model', 'x'), startRoot: named('start', 'x'), authorities: undefined };
  const apply = (state: typeof opened, height: number, operations: readonly SignedOperation[], withBoundary: typeof boundary | undefined) =>
    applyBlock(state, { height, operations, boundary: withBoundary, deposits: [] }, network.context);

  it('when it is not the next one', () => {
    expect(() => apply(opened, opened.height, [], undefined)).toThrow(code('PROTOCOL_WRONG_HEIGHT'));
    expect(() => apply(opened, opened.height + 2, [], undefined)).toThrow(code('PROTOCOL_WRONG_HEIGHT'));
  });

  it('when its boundary is missing, out of place or beside operations', () => {
    expect(() => apply(last, last.height + 1, [], undefined)).toThrow(code('PROTOCOL_BOUNDARY_MISSING'));
    expect(() => apply(opened, opened.height + 1, [], boundary)).toThrow(code('PROTOCOL_BOUNDARY_UNEXPECTED'));
    expect(() => apply(last, last.height + 1, [unsigned(join(trainersNamed(4)[0] ?? new Uint8Array(20), 1))], boundary)).toThrow(
      code('PROTOCOL_BOUNDARY_WITH_OPERATIONS'),
    );
  });

  it('when the sealed list is out of order, repeats, or names who has no proof', () => {
    const [a, b, c] = trainers as [Uint8Array, Uint8Array, Uint8Array];
    const sealing = (sealed: readonly Uint8Array[]) => () => nextBlock(network, last, [], sealed);
    expect(sealing([b, a])).toThrow(code('PROTOCOL_SEALED_NOT_ASCENDING'));
    expect(sealing([a, a])).toThrow(code('PROTOCOL_SEALED_NOT_ASCENDING'));
    expect(sealing([a, c])).toThrow(code('PROTOCOL_SEALED_WITHOUT_PROOF'));
    expect(sealing([a, b])).not.toThrow();
  });

  it('when it carries one invalid operation; the state stays as it was', () => {
    const before = structuredClone(opened);
    const [authority] = network.authorities;
    if (authority === undefined) throw new Error('no authority');
    const operations = [reveal(opened, authority, 0), reveal(opened, authority, 0)];
    expect(() => nextBlock(network, opened, operations)).toThrow(
      expect.objectContaining({
        code: 'PROTOCOL_OPERATION_REFUSED',
        data: { index: 1, standing: expect.objectContaining({ kind: 'stale', reason: 'already_revealed' }) },
      }),
    );
    expect(opened).toEqual(before);
  });

  it('when two of its operations exclude each other', () => {
    const [trainer] = trainers;
    if (trainer === undefined) throw new Error('no trainer');
    const twice = [proof(network, trainer, 1, 2), proof(network, trainer, 1, 3)];
    expect(() => nextBlock(network, opened, twice)).toThrow(code('PROTOCOL_OPERATION_REFUSED'));
    const [fourth, fifth] = [addressNamed('trainer 3'), addressNamed('trainer 4')];
    expect(() => nextBlock(network, opened, [join(fourth, 1)])).not.toThrow();
    expect(() => nextBlock(network, opened, [join(fourth, 1), join(fifth, 1)])).toThrow(code('PROTOCOL_OPERATION_REFUSED'));
  });
});
