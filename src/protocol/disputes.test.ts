import { describe, expect, it } from 'vitest';
import { MAX_DISPUTES } from '../codec/limits.ts';
import type { Ruling } from '../codec/types.ts';
import type { Address } from '../primitives/keys.ts';
import { judgeDispute } from './disputes.ts';
import { drawOf } from './draw.ts';
import {
  everyone,
  fraud,
  fraudulent,
  held,
  lazy,
  ok,
  only,
  provenRound,
  ruledBy,
  stepsOf,
  testNetwork,
  trainersNamed,
  unavailable,
  unchecked,
  unserved,
  votedBy,
  withTrainers,
  wrongSteps,
} from './testing/network.ts';
import type { ProtocolState } from './types.ts';

const network = testNetwork(4);
const { votable } = provenRound(network, withTrainers(network, trainersNamed(2)));
const honest = ok(network);
const opened = (state: ProtocolState) =>
  (state.sealed?.disputes ?? []).map(({ proof, segment, reason }) => `${proof}/${segment} ${reason}`);
/** The last segments, 0/2 and 1/2, are each dealt to two authorities. */
const holders = (proof: number) => {
  const draw = drawOf(votable);
  const at = draw?.obligatory[proof] ?? -1;
  return network.authorities.flatMap(({ address }, i) =>
    draw?.dealt.get(`0x${Buffer.from(address).toString('hex')}`)?.includes(at) ? [i] : [],
  );
};
const by = (index: number, special: typeof honest, otherwise = honest) =>
  everyone(network, otherwise).map((find, i) => (i === index ? special : find));
const withReputation = (reputations: Readonly<Record<number, number>>): ProtocolState => ({
  ...votable,
  authorities: votable.authorities.map((record, i) => ({ ...record, reputation: reputations[i] ?? record.reputation })),
});

describe('a dispute opens', () => {
  const [first = 0, second = 0] = holders(0);

  it('on nothing while all find everything in order', () => {
    expect(opened(votedBy(network, votable, everyone(network, honest)))).toEqual([]);
  });

  it('on a finding of fraud, on unequal digests, on what was not served', () => {
    expect(opened(votedBy(network, votable, by(first, only(fraud, honest, 0, 2))))).toEqual(['0/2 fraud']);
    expect(opened(votedBy(network, votable, by(first, only(lazy(network), honest, 0, 2))))).toEqual(['0/2 digests']);
    expect(opened(votedBy(network, votable, by(first, only(unavailable, honest, 0, 2))))).toEqual(['0/2 unavailable']);
  });

  it('on what must be checked when nobody did, and a quorum voted', () => {
    const skip = only(unchecked, honest, 0, 2);
    expect(opened(votedBy(network, votable, by(first, skip)))).toEqual([]);
    const both = everyone(network, honest).map((find, i) => (i === first || i === second ? skip : find));
    expect(opened(votedBy(network, votable, both))).toEqual(['0/2 unchecked']);
    const few = both.map((find, i) => (i === first || i === second ? find : undefined));
    expect(opened(votedBy(network, votable, few))).toEqual([]);
  });

  it('not by a distrusted authority alone', () => {
    const distrusted = withReputation({ [first]: 0 });
    for (const claim of [fraud, lazy(network), unavailable]) {
      expect(opened(votedBy(network, distrusted, by(first, only(claim, honest, 0, 2))))).toEqual([]);
    }
    const both = everyone(network, honest).map((find, i) => (i === first || i === second ? only(fraud, honest, 0, 2) : find));
    expect(opened(votedBy(network, distrusted, both))).toEqual(['0/2 fraud']);
    // What it finds in order does not count either, where something must be.
    expect(opened(votedBy(network, distrusted, by(second, only(unchecked, honest, 0, 2))))).toEqual(['0/2 unchecked']);
  });

  it('for as many segments as find room, those that cost a stake first; proofs with others are void', () => {
    const many = testNetwork(4, { rounds: { checks_per_authority: 8, max_segments: 8 } });
    const round = provenRound(many, withTrainers(many, trainersNamed(4)), 8).votable;
    const claims = everyone(many, only(fraud, unavailable, 3));
    const { sealed } = votedBy(many, round, claims);
    expect(sealed?.disputes).toHaveLength(MAX_DISPUTES);
    const frauds = sealed?.disputes?.filter(({ reason }) => reason === 'fraud') ?? [];
    expect(frauds.map(({ segment }) => segment)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(sealed?.overflowing.length).toBeGreaterThan(0);
    expect(sealed?.overflowing).not.toContain(3);
  });
});

describe('a dispute is decided', () => {
  const dispute = { proof: 0, segment: 2, reason: 'fraud' } as const;
  const stated = (...rulings: readonly (Ruling | undefined)[]) =>
    rulings.flatMap((ruling, i) => (ruling === undefined ? [] : [{ authority: network.authorities[i]?.address as Address, ruling }]));
  const holds = held(network)(dispute);
  const forged = fraudulent(network)(dispute);
  const missing = unserved(dispute);
  const judge = (...rulings: readonly (Ruling | undefined)[]) => judgeDispute(dispute, stated(...rulings), 4);

  it('by a quorum, and by nothing less', () => {
    expect(judge(holds, holds, holds, undefined)).toMatchObject({ verdict: 'held' });
    expect(judge(holds, holds, holds, forged)).toMatchObject({ verdict: 'held' });
    expect(judge(forged, forged, forged, holds)).toMatchObject({ verdict: 'fraud' });
    expect(judge(holds, holds, forged, forged)).toMatchObject({ verdict: 'undecided', digest: undefined });
    expect(judge()).toMatchObject({ verdict: 'undecided' });
    expect(judge(missing, missing, holds, holds)).toMatchObject({ verdict: 'unavailable' });
    expect(judge(missing, holds, holds, undefined)).toMatchObject({ verdict: 'undecided' });
    // Exactly a third of three is not more than a third.
    expect(judgeDispute(dispute, stated(missing, holds), 3)).toMatchObject({ verdict: 'undecided' });
    expect(judgeDispute(dispute, stated(missing, missing), 3)).toMatchObject({ verdict: 'unavailable' });
  });

  it('only with the same gradients, and names the first step at which another parts', () => {
    const wrong = { ...dispute, kind: 'held' as const, steps: wrongSteps(network, dispute, 3) };
    const record = judge(holds, holds, holds, wrong);
    expect(record.divergences).toEqual([{ authority: network.authorities[3]?.address, step: 3 }]);
    expect(judge(holds, holds, wrong, wrong)).toMatchObject({ verdict: 'undecided', divergences: [] });
  });

  it('as fraud even where the accused made the run end early', () => {
    const cut = { ...forged, steps: stepsOf(network, dispute).slice(0, 2) } as Ruling;
    expect(judge(forged, forged, cut, undefined)).toMatchObject({ verdict: 'fraud' });
  });

  it('the same whatever the order of rulings in blocks', () => {
    const disputed = votedBy(network, votable, by(holders(0)[0] ?? 0, only(fraud, honest, 0, 2)));
    const rulers = [held(network), fraudulent(network), held(network), unserved];
    const together = ruledBy(network, disputed, rulers);
    expect(together.sealed?.rulings).toHaveLength(4);
    const authorities = [...network.authorities].reverse();
    const reversed = ruledBy({ ...network, authorities }, disputed, rulers.toReversed());
    expect(reversed).toEqual(together);
  });
});
