import { hasQuorum } from '../../codec/quorum.ts';
import { segmentDigest } from '../../codec/segment-digest.ts';
import type { Finding, Ruling } from '../../codec/types.ts';
import type { GateMeasurement, SegmentFinding } from '../../learning/types.ts';
import type { Genesis } from '../../params/genesis.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Address } from '../../primitives/keys.ts';
import { rulingsOn } from '../../protocol/disputes.ts';
import { dealTo, drawOf, type SegmentRef } from '../../protocol/draw.ts';
import { raisesLoss } from '../../protocol/gate.ts';
import type { CastVote, Decision, DisputeRecord, ProofRecord } from '../../protocol/types.ts';
import type { CertifiedSettlement } from './settlement.ts';

/** Whether a statement is what re-execution shows; undefined for one that says nothing, or that cannot be re-executed. */
export type Rightness = boolean | undefined;

/** What one authority said of one segment. */
export interface Statement {
  readonly authority: Address;
  readonly kind: 'vote' | 'ruling';
  readonly said: Finding['kind'] | Ruling['kind'];
  readonly right: Rightness;
}

export interface SegmentJudgement {
  readonly ref: SegmentRef;
  readonly own: SegmentFinding;
  readonly statements: readonly Statement[];
  readonly dispute: DisputeRecord | undefined;
}

export interface ProofJudgement {
  readonly record: ProofRecord;
  readonly place: number;
  readonly segments: readonly SegmentJudgement[];
  /** Whether the chain's decision is the one that the bytes call for; undefined for decisions about what was served in time. */
  readonly right: Rightness;
  readonly why: string;
}

export type OwnFindings = ReadonlyMap<string, SegmentFinding>;

export const refName = ({ proof, segment }: SegmentRef): string => `${proof}/${segment}`;

/** The segments of some proofs that an authority was dealt or that were disputed: what the verdict is made of. Ascending. */
export function judgedSegments({ state, sealed, settled }: CertifiedSettlement, proofs: readonly number[]): readonly SegmentRef[] {
  const draw = drawOf(state);
  const dealt = draw === undefined ? [] : sealed.votes.flatMap(({ authority, secretPreimage }) => dealTo(draw, authority, secretPreimage));
  const all = new Map([...dealt, ...settled.disputes].map(({ proof, segment }) => [refName({ proof, segment }), { proof, segment }]));
  return [...all.values()].filter(({ proof }) => proofs.includes(proof)).sort((a, b) => a.proof - b.proof || a.segment - b.segment);
}

/** Holds the votes, the rulings and the decision on a proof against what was found here. */
export function judgeProof(
  place: number,
  settlement: CertifiedSettlement,
  own: OwnFindings,
  gate: GateMeasurement | undefined,
  genesis: Genesis,
): ProofJudgement {
  const record = settlement.settled.proofs[place] as ProofRecord;
  const segments = judgedSegments(settlement, [place]).flatMap((ref): SegmentJudgement[] => {
    const found = own.get(refName(ref));
    if (found === undefined) return [];
    const dispute = settlement.settled.disputes.find((each) => refName(each) === refName(ref));
    return [{ ref, own: found, statements: statementsOn(ref, settlement, found), dispute }];
  });
  const measurements = settlement.sealed.votes.filter(
    ({ gateBaseline, gateLosses }) => gateBaseline !== undefined && gateLosses[place] !== undefined,
  );
  const wasMeasured = hasQuorum(measurements.length, settlement.state.authorities.length);
  return { record, place, segments, ...judgeDecision(record.decision, place, segments, gate, wasMeasured, genesis) };
}

function statementsOn(ref: SegmentRef, { state, sealed }: CertifiedSettlement, own: SegmentFinding): readonly Statement[] {
  const draw = drawOf(state);
  const votes = sealed.votes.flatMap((vote: CastVote): Statement[] => {
    const at =
      draw === undefined ? -1 : dealTo(draw, vote.authority, vote.secretPreimage).findIndex((each) => refName(each) === refName(ref));
    const finding = vote.findings[at];
    if (finding === undefined) return [];
    return [{ authority: vote.authority, kind: 'vote', said: finding.kind, right: isFindingRight(finding, own) }];
  });
  const rulings = rulingsOn(sealed, ref).map(
    ({ authority, ruling }): Statement => ({ authority, kind: 'ruling', said: ruling.kind, right: isRulingRight(ruling, own) }),
  );
  return [...votes, ...rulings];
}

function isFindingRight(finding: Finding, own: SegmentFinding): Rightness {
  if (own.result === 'unavailable') return undefined;
  switch (finding.kind) {
    case 'ok':
      return own.result === 'held' && equalBytes(finding.digest, segmentDigest(own.stepDigests));
    case 'fraud':
      return own.result === 'fraud';
    default:
      return undefined;
  }
}

function isRulingRight(ruling: Ruling, own: SegmentFinding): Rightness {
  if (own.result === 'unavailable' || ruling.kind === 'unavailable') return undefined;
  if (ruling.kind !== own.result) return false;
  return ruling.steps.length === own.stepDigests.length && ruling.steps.every((step, i) => equalBytes(step, own.stepDigests[i] as never));
}

function judgeDecision(
  decision: Decision | undefined,
  place: number,
  segments: readonly SegmentJudgement[],
  gate: GateMeasurement | undefined,
  wasMeasured: boolean,
  genesis: Genesis,
): { readonly right: Rightness; readonly why: string } {
  const forged = segments.filter(({ own }) => own.result === 'fraud');
  const isWhole = segments.every(({ own }) => own.result !== 'unavailable');
  if (forged.length > 0) {
    const where = `segment ${forged.map(({ ref }) => ref.segment).join(', ')} does not re-execute`;
    return { right: decision === 'fraud', why: where };
  }
  if (!isWhole) return { right: undefined, why: 'not everything that was checked is served any more' };
  const held = `${segments.length} segments re-execute to the bit`;
  const loss = gate?.losses[place];
  const isHarmful = gate === undefined || loss === undefined ? undefined : raisesLoss(gate.baseline, loss, genesis);
  switch (decision) {
    case 'accepted':
      // Without a quorum that measured it the gate keeps nothing out: an accepted harmful update is then no wrong decision.
      return isHarmful === true && wasMeasured
        ? { right: false, why: 'the update raises the loss beyond the tolerance' }
        : { right: true, why: held };
    case 'fraud':
      return { right: false, why: held };
    case 'gate':
      return {
        right: isHarmful,
        why:
          isHarmful === undefined
            ? 'the updates are not served any more'
            : `the update ${isHarmful ? 'raises' : 'does not raise'} the loss beyond the tolerance`,
      };
    default:
      return { right: undefined, why: `${held}; the decision is about what was served and voted on in time` };
  }
}
