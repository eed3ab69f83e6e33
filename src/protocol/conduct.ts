import { segmentDigest } from '../codec/segment-digest.ts';
import type { Finding, Ruling } from '../codec/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { rulingsOn } from './disputes.ts';
import { type Draw, dealTo, type SegmentRef } from './draw.ts';
import type { CastVote, DisputeRecord, SealedRound } from './types.ts';

/** What one authority's vote and rulings on a round came to. */
export interface Conduct {
  /** Segments dealt to it and disputes that were decided. */
  readonly wanted: number;
  /** Of these, what it did and nothing refuted. */
  readonly done: number;
  /** It committed itself to something that a quorum found untrue: that costs its stake. */
  readonly isFalse: boolean;
  /** Claims that a quorum refuted and that cost no stake: a segment that it alone could not get, a ruling. */
  readonly refuted: number;
  /** Places of the proofs of which it found a segment fraudulent. */
  readonly accused: ReadonlySet<number>;
}

type Standing = 'good' | 'none' | 'refuted' | 'false';

/** Judges one authority's vote. @param votes all votes of the round */
export function conductOf(vote: CastVote, sealed: SealedRound, draw: Draw, disputes: readonly DisputeRecord[]): Conduct {
  const disputeOn = ({ proof, segment }: SegmentRef) => disputes.find((each) => each.proof === proof && each.segment === segment);
  const dealt = dealTo(draw, vote.authority, vote.secretPreimage);
  const found = dealt.map((ref, i) => ({ ref, finding: vote.findings[i] as Finding }));
  const findings = found.map(({ ref, finding }) =>
    standingOfFinding(finding, disputeOn(ref), () => isSoleClaim(vote.authority, ref, sealed, draw)),
  );
  const decided = disputes.filter(({ verdict }) => verdict !== 'undecided');
  const rulings = decided.map((dispute) => {
    const own = rulingsOn(sealed, dispute).find(({ authority }) => equalBytes(authority, vote.authority));
    return own === undefined ? 'none' : standingOfRuling(own.ruling, dispute);
  });
  const standings = [...findings, ...rulings];
  return {
    wanted: standings.length,
    done: standings.filter((standing) => standing === 'good').length,
    isFalse: standings.includes('false'),
    refuted: standings.filter((standing) => standing === 'refuted').length,
    accused: new Set(found.filter(({ finding }) => finding.kind === 'fraud').map(({ ref }) => ref.proof)),
  };
}

/**
 * A finding of order stands until a quorum found fraud or other gradients; one of fraud only once a quorum found it too. To say
 * that something was not served is worth nothing, and refuted when it was served to a quorum and nobody else missed it.
 */
function standingOfFinding(finding: Finding, dispute: DisputeRecord | undefined, isSole: () => boolean): Standing {
  const verdict = dispute?.verdict;
  const isDecided = verdict === 'held' || verdict === 'fraud';
  switch (finding.kind) {
    case 'ok':
      if (verdict === 'fraud') return 'false';
      return verdict !== 'held' || equalBytes(dispute?.digest ?? finding.digest, finding.digest) ? 'good' : 'false';
    case 'fraud':
      if (verdict === 'held') return 'false';
      return verdict === 'fraud' ? 'good' : 'none';
    case 'unavailable':
      return isDecided && isSole() ? 'refuted' : 'none';
    case 'unchecked':
      return 'none';
  }
}

function standingOfRuling(ruling: Ruling, { verdict, digest }: DisputeRecord): Standing {
  if (ruling.kind === 'unavailable') return verdict === 'unavailable' ? 'good' : 'none';
  if (verdict === 'unavailable') return 'none';
  if (ruling.kind !== verdict) return 'refuted';
  if (ruling.kind === 'fraud') return 'good';
  return digest !== undefined && equalBytes(segmentDigest(ruling.steps), digest) ? 'good' : 'refuted';
}

/** True when nobody else found the segment unavailable, in the vote or the dispute. */
function isSoleClaim(authority: Address, ref: SegmentRef, sealed: SealedRound, draw: Draw): boolean {
  const self = toHex(authority);
  const others = sealed.votes.filter((vote) => toHex(vote.authority) !== self);
  const isClaimed = others.some((vote) =>
    dealTo(draw, vote.authority, vote.secretPreimage).some(
      ({ proof, segment }, i) => proof === ref.proof && segment === ref.segment && vote.findings[i]?.kind === 'unavailable',
    ),
  );
  const isRuled = rulingsOn(sealed, ref).some((each) => toHex(each.authority) !== self && each.ruling.kind === 'unavailable');
  return !isClaimed && !isRuled;
}
