import { describe, expect, it } from 'vitest';
import type { FinalBlock } from '../../codec/types.ts';
import type { SegmentFinding } from '../../learning/types.ts';
import type { SegmentRef } from '../../protocol/draw.ts';
import {
  beforeBoundary,
  everyone,
  type Finder,
  fraud,
  fraudulent,
  held,
  lazy,
  nextBlock,
  ok,
  only,
  type PerAuthority,
  provenRound,
  type Ruler,
  ruledBy,
  stepsOf,
  testNetwork,
  trainersNamed,
  unavailable,
  unserved,
  votedBy,
  withTrainers,
} from '../../protocol/testing/network.ts';
import { judgedSegments, judgeProof, refName } from './judgement.ts';
import { firstDifference } from './lineage.ts';
import type { CertifiedSettlement } from './settlement.ts';

const network = testNetwork(4);
const { genesis } = network.context;
const { votable } = provenRound(network, withTrainers(network, trainersNamed(3)));
const honest = ok(network);
const ALL = [0, 1, 2];

/** A round as it was settled by these votes and rulings. */
function settlement(finders: PerAuthority<Finder>, rulers: PerAuthority<Ruler> = everyone(network, held(network))): CertifiedSettlement {
  const state = beforeBoundary(network, ruledBy(network, votedBy(network, votable, finders), rulers));
  const { settled } = nextBlock(network, state);
  if (settled === undefined || state.sealed === undefined) throw new Error('nothing was settled');
  return { state, sealed: state.sealed, settled, final: {} as FinalBlock };
}

/** What re-execution finds when all segments are in order but those of `forged`. */
const finding = ({ proof, segment }: SegmentRef, forged?: number): SegmentFinding =>
  proof === forged
    ? { segment, result: 'fraud', fault: 'state', stepDigests: stepsOf(network, { proof, segment }) }
    : { segment, result: 'held', stepDigests: stepsOf(network, { proof, segment }) };
const findings = (of: CertifiedSettlement, forged?: number) =>
  new Map(judgedSegments(of, ALL).map((ref) => [refName(ref), finding(ref, forged)]));
const judge = (of: CertifiedSettlement, place: number, own = findings(of), gate = { baseline: 3.5, losses: [3.25, 3.25, 3.25] }) =>
  judgeProof(place, of, own, gate, genesis);

describe('judgeProof', () => {
  it('finds everybody right when all is in order', () => {
    const round = settlement(everyone(network, honest));
    for (const place of ALL) {
      const judged = judge(round, place);
      expect(judged).toMatchObject({ right: true, record: { decision: 'accepted' } });
      const statements = judged.segments.flatMap((each) => each.statements);
      expect(statements.length).toBeGreaterThan(0);
      expect(statements.every(({ right }) => right === true)).toBe(true);
    }
  });

  it('names the authority whose digest is invented, though the verdict was right', () => {
    const round = settlement(everyone(network, honest).with(2, lazy(network)));
    const statements = ALL.flatMap((place) => judge(round, place).segments.flatMap((each) => each.statements));
    const wrong = statements.filter(({ right, kind }) => right === false && kind === 'vote');
    expect(wrong.length).toBeGreaterThan(0);
    expect(new Set(wrong.map(({ authority }) => authority))).toEqual(new Set([network.authorities[2]?.address]));
    expect(ALL.every((place) => judge(round, place).right === true)).toBe(true);
  });

  it('calls a rejection of honest work, and an acceptance of forged work, wrong', () => {
    const accused = settlement(everyone(network, only(fraud, honest, 1)), everyone(network, fraudulent(network)));
    expect(accused.settled.proofs[1]?.decision).toBe('fraud');
    expect(judge(accused, 1).right).toBe(false);
    expect(judge(accused, 1, findings(accused, 1)).right).toBe(true);
    const waved = settlement(everyone(network, honest));
    expect(judge(waved, 1, findings(waved, 1))).toMatchObject({ right: false, why: expect.stringContaining('does not re-execute') });
    expect(judge(waved, 0, findings(waved, 1)).right).toBe(true);
  });

  it('judges no decision about what was served in time, nor what is served no more', () => {
    const missed = settlement(everyone(network, only(unavailable, honest, 1)), everyone(network, unserved));
    expect(missed.settled.proofs[1]?.decision).toBe('unavailable');
    expect(judge(missed, 1).right).toBeUndefined();
    const round = settlement(everyone(network, honest));
    const gone = new Map(
      [...findings(round)].map(([name, { segment }]): [string, SegmentFinding] => [name, { segment, result: 'unavailable' }]),
    );
    expect(judge(round, 1, gone).right).toBeUndefined();
  });

  it('holds an acceptance against the gate that a quorum measured', () => {
    const round = settlement(everyone(network, honest));
    expect(judge(round, 1, findings(round), { baseline: 3.5, losses: [3.25, 7, 3.25] }).right).toBe(false);
  });
});

describe('firstDifference', () => {
  it('names the first place at which two documents part, whatever the order of their fields', () => {
    expect(firstDifference({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, 'x')).toBeUndefined();
    expect(firstDifference({ a: [{ n: 1 }] }, { a: [{ n: 2 }] }, 'x')).toBe('x.a.0.n is 2; the chain says 1');
    expect(firstDifference({ a: [1] }, { a: [] }, 'x')).toBe('x.a.0 is missing; the chain says 1');
    expect(firstDifference({}, { b: 'y' }, 'x')).toBe('x.b is "y"; the chain says nothing of it');
  });
});
