import { MAX_DISPUTES } from '../codec/limits.ts';
import { hasQuorum } from '../codec/quorum.ts';
import { segmentDigest } from '../codec/segment-digest.ts';
import type { Finding, Ruling } from '../codec/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { type Draw, dealTo, isObligatory, type SegmentRef } from './draw.ts';
import { isDistrusted } from './reputation.ts';
import { findByAddress, hasAddress } from './sorted.ts';
import type { Dispute, DisputeRecord, ProtocolState, SealedRound } from './types.ts';

/** One finding about one segment, with who made it. */
export interface StatedFinding {
  readonly authority: Address;
  readonly finding: Finding;
  /** Its author's record lets it open a dispute alone. */
  readonly isTrusted: boolean;
}

const keyOf = ({ proof, segment }: SegmentRef) => `${proof} ${segment}`;

/** All findings of the votes cast, by segment. */
export function findingsBySegment(state: ProtocolState, sealed: SealedRound, draw: Draw): ReadonlyMap<string, readonly StatedFinding[]> {
  const bySegment = new Map<string, StatedFinding[]>();
  for (const { authority, secretPreimage, findings } of sealed.votes) {
    const record = findByAddress(state.authorities, authority, (each) => each.address);
    const isTrusted = record !== undefined && !isDistrusted(record.reputation);
    dealTo(draw, authority, secretPreimage).forEach((ref, i) => {
      const finding = findings[i];
      if (finding === undefined) return;
      const key = keyOf(ref);
      bySegment.set(key, [...(bySegment.get(key) ?? []), { authority, finding, isTrusted }]);
    });
  }
  return bySegment;
}

/** In this order they find room: what costs a stake first, what nobody has to answer for last. */
const URGENCY: Readonly<Record<Dispute['reason'], number>> = { fraud: 0, digests: 1, unchecked: 2, unavailable: 3 };

/**
 * Segments that every authority has to re-run, from the votes alone and so the same everywhere:
 *
 * 1. fraud: somebody called it fraudulent.
 * 2. digests: two found it in order and computed different gradients.
 * 3. unavailable: somebody could not get what checking it needs.
 * 4. unchecked: it must be checked and nobody found it in order, though a quorum voted.
 *
 * What a distrusted authority states counts in 1–3 only beside another's, and in 4 not at all: who has lost its stake could
 * otherwise make everybody work for nothing. MAX_DISPUTES find room; proofs with one beyond them are listed as overflowing.
 */
export function openDisputes(state: ProtocolState, sealed: SealedRound, draw: Draw): Pick<SealedRound, 'disputes' | 'overflowing'> {
  const findings = findingsBySegment(state, sealed, draw);
  const isQuorum = hasQuorum(sealed.votes.length, state.authorities.length);
  const isLate = ({ proof }: Dispute) => Number(hasAddress(sealed.probation, sealed.proofs[proof]?.trainer ?? new Uint8Array()));
  const wanted = draw.segments
    .flatMap((ref): Dispute[] => {
      const reason = reasonFor(findings.get(keyOf(ref)) ?? [], isQuorum && isObligatory(sealed, ref));
      return reason === undefined ? [] : [{ ...ref, reason }];
    })
    // Stable: within a reason, proofs of trainers with a stake first, and then the canonical order.
    .sort((a, b) => URGENCY[a.reason] - URGENCY[b.reason] || isLate(a) - isLate(b));
  const overflowing = new Set(wanted.slice(MAX_DISPUTES).map(({ proof }) => proof));
  return {
    disputes: wanted.slice(0, MAX_DISPUTES).sort((a, b) => a.proof - b.proof || a.segment - b.segment),
    overflowing: [...overflowing].sort((a, b) => a - b),
  };
}

function reasonFor(stated: readonly StatedFinding[], mustBeOk: boolean): Dispute['reason'] | undefined {
  const isClaimed = (kind: Finding['kind']) => {
    const claims = stated.filter(({ finding }) => finding.kind === kind);
    return claims.length > 1 || claims.some(({ isTrusted }) => isTrusted);
  };
  const trusted = stated.flatMap(({ finding, isTrusted }) => (finding.kind === 'ok' && isTrusted ? [finding.digest] : []));
  if (isClaimed('fraud')) return 'fraud';
  if (trusted.some((digest) => !equalBytes(digest, trusted[0] as Hash))) return 'digests';
  if (mustBeOk && trusted.length === 0) return 'unchecked';
  return isClaimed('unavailable') ? 'unavailable' : undefined;
}

/** What one authority ruled on one dispute. */
export interface StatedRuling {
  readonly authority: Address;
  readonly ruling: Ruling;
}

export function rulingsOn(sealed: SealedRound, { proof, segment }: SegmentRef): readonly StatedRuling[] {
  return sealed.rulings.flatMap(({ authority, rulings }) =>
    rulings.filter((ruling) => ruling.proof === proof && ruling.segment === segment).map((ruling) => ({ authority, ruling })),
  );
}

/**
 * How a dispute stands, by the rulings of `authorities` in all:
 *
 * 1. held: a quorum re-ran it, to its end and with the same gradients.
 * 2. fraud: a quorum found it fraudulent.
 * 3. unavailable: more than a third could not get what they needed.
 * 4. undecided otherwise, which costs nobody a stake.
 *
 * With fewer than a third faulty, 1 and 2 are what honest arithmetic finds, and 3 is not in the power of the faulty.
 */
export function judgeDispute(dispute: Dispute, stated: readonly StatedRuling[], authorities: number): DisputeRecord {
  const runs = stated.flatMap(({ authority, ruling }) =>
    ruling.kind === 'unavailable' || ruling.steps.length === 0 ? [] : [{ authority, ruling, digest: segmentDigest(ruling.steps) }],
  );
  /** The run whose gradients a quorum of the given kind found. */
  const quorumOf = (kind: Ruling['kind']) => {
    const ofKind = runs.filter(({ ruling }) => ruling.kind === kind);
    return ofKind.find(({ digest }) => hasQuorum(ofKind.filter((other) => equalBytes(other.digest, digest)).length, authorities));
  };
  const count = (kind: Ruling['kind']) => stated.filter(({ ruling }) => ruling.kind === kind).length;
  const held = quorumOf('held');
  const isFraud = hasQuorum(count('fraud'), authorities);
  const agreed = held ?? (isFraud ? quorumOf('fraud') : undefined);
  const reference = agreed?.ruling.kind === 'held' || agreed?.ruling.kind === 'fraud' ? agreed.ruling.steps : undefined;
  const divergences = runs.flatMap(({ authority, ruling }) => {
    const step = reference === undefined ? -1 : firstDifference(reference, ruling.steps);
    return step < 0 ? [] : [{ authority, step }];
  });
  const verdict = held !== undefined ? 'held' : isFraud ? 'fraud' : 3 * count('unavailable') > authorities ? 'unavailable' : 'undecided';
  return { ...dispute, verdict, digest: agreed?.digest, divergences };
}

/** The first place at which two lists part: the bisection of a dispute to one inner step. −1 for equal ones. */
function firstDifference(a: readonly Hash[], b: readonly Hash[]): number {
  return a.findIndex((step, i) => toHex(step) !== toHex(b[i] ?? new Uint8Array()));
}

/** All disputes of the sealed round as they stand. */
export function judgeDisputes(state: ProtocolState, sealed: SealedRound): readonly DisputeRecord[] {
  return (sealed.disputes ?? []).map((dispute) => judgeDispute(dispute, rulingsOn(sealed, dispute), state.authorities.length));
}
