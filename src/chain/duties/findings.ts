import { segmentDigest } from '../../codec/segment-digest.ts';
import type { Finding, Ruling } from '../../codec/types.ts';
import type { LearningService, ProofSource, SegmentFinding } from '../../learning/types.ts';
import { toHex } from '../../primitives/bytes.ts';
import type { Logger } from '../../primitives/log.ts';
import type { SegmentRef } from '../../protocol/draw.ts';
import type { SealedRound } from '../../protocol/types.ts';

/** What one authority found in one sealed round: an error or a deadline in the middle loses nothing of it. */
export interface RoundFindings {
  /** Re-executes, in this order, the segments of which nothing is known yet, while `goOn` holds. Those nobody served are tried again. */
  examine(refs: readonly SegmentRef[], goOn: () => boolean): Promise<void>;
  /** For a vote. */
  finding(ref: SegmentRef): Finding;
  /** For a dispute; undefined when the segment was not run. */
  ruling(ref: SegmentRef): Ruling | undefined;
}

export function createRoundFindings(
  sealed: SealedRound,
  dependencies: { readonly learning: Pick<LearningService, 'check'>; readonly proofs: ProofSource; readonly log: Logger },
): RoundFindings {
  const { learning, proofs, log } = dependencies;
  const { number: round, beacon, roster, startRoot } = sealed;
  const known = new Map<string, SegmentFinding>();
  const nameOf = ({ proof, segment }: SegmentRef) => `${proof}/${segment}`;

  async function run(ref: SegmentRef): Promise<void> {
    const proof = sealed.proofs[ref.proof];
    if (proof === undefined) return;
    const [found] = await learning.check(proof, { round, trainer: proof.trainer, beacon, roster, startRoot }, [ref.segment], proofs);
    if (found === undefined) return;
    known.set(nameOf(ref), found);
    if (found.result !== 'held') {
      log.warn({ round, trainer: toHex(proof.trainer), segment: ref.segment, result: found.result }, 'a segment did not pass');
    }
  }

  return {
    async examine(refs, goOn) {
      for (const ref of refs) {
        if (!goOn()) return;
        const found = known.get(nameOf(ref));
        if (found === undefined || found.result === 'unavailable') await run(ref);
      }
    },
    finding(ref) {
      const found = known.get(nameOf(ref));
      if (found === undefined) return { kind: 'unchecked' };
      if (found.result === 'held') return { kind: 'ok', digest: segmentDigest(found.stepDigests) };
      return found.result === 'fraud' ? { kind: 'fraud', fault: found.fault } : { kind: 'unavailable' };
    },
    ruling({ proof, segment }) {
      const found = known.get(nameOf({ proof, segment }));
      if (found === undefined) return undefined;
      if (found.result === 'held') return { proof, segment, kind: 'held', steps: found.stepDigests };
      if (found.result === 'unavailable') return { proof, segment, kind: 'unavailable' };
      return { proof, segment, kind: 'fraud', fault: found.fault, steps: found.stepDigests };
    },
  };
}
