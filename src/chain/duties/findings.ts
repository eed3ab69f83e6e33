import { segmentDigest } from '../../codec/segment-digest.ts';
import type { Finding, Ruling } from '../../codec/types.ts';
import type { LearningService, ProofSource, SegmentFinding } from '../../learning/types.ts';
import { toHex } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import type { Address } from '../../primitives/keys.ts';
import type { Logger } from '../../primitives/log.ts';
import type { SegmentRef } from '../../protocol/draw.ts';
import type { SealedRound } from '../../protocol/types.ts';
import { createArrivals } from './arrivals.ts';

/** What one authority found in one sealed round: an error or a deadline in the middle loses nothing of it. */
export interface RoundFindings {
  /**
   * Re-executes the segments of which nothing is known yet, in this order as far as what they need has arrived, while `goOn`
   * holds. Those nobody served are tried again.
   */
  examine(refs: readonly SegmentRef[], goOn: () => boolean): Promise<void>;
  /** For a vote. */
  finding(ref: SegmentRef): Finding;
  /** For a dispute; undefined when the segment was not run. */
  ruling(ref: SegmentRef): Ruling | undefined;
}

export function createRoundFindings(
  sealed: SealedRound,
  dependencies: {
    readonly learning: Pick<LearningService, 'check' | 'obtain'>;
    readonly proofs: ProofSource;
    readonly clock: Clock;
    readonly log: Logger;
  },
): RoundFindings {
  const { learning, proofs, clock, log } = dependencies;
  const { number: round, beacon, roster, startRoot } = sealed;
  const known = new Map<string, SegmentFinding>();
  /** Fetched ahead of the check that needs them. */
  const openings = new Map<string, ReturnType<ProofSource['opening']>>();
  const nameOf = ({ proof, segment }: SegmentRef) => `${proof}/${segment}`;
  const assignmentOf = (trainer: Address) => ({ round, trainer, beacon, roster, startRoot });

  function sourceFor(ref: SegmentRef): ProofSource {
    return {
      ...proofs,
      opening(proof, segment) {
        const name = nameOf({ proof: ref.proof, segment });
        const opening = openings.get(name) ?? proofs.opening(proof, segment);
        openings.set(name, opening);
        return opening;
      },
    };
  }

  async function obtain(ref: SegmentRef): Promise<boolean> {
    const proof = sealed.proofs[ref.proof];
    if (proof === undefined) return false;
    try {
      const isServed = await learning.obtain(proof, assignmentOf(proof.trainer), ref.segment, sourceFor(ref));
      if (!isServed) openings.delete(nameOf(ref));
      return isServed;
    } catch (error) {
      openings.delete(nameOf(ref));
      throw error;
    }
  }

  async function run(ref: SegmentRef): Promise<SegmentFinding | undefined> {
    const proof = sealed.proofs[ref.proof];
    if (proof === undefined) return undefined;
    const [found] = await learning.check(proof, assignmentOf(proof.trainer), [ref.segment], sourceFor(ref));
    return found;
  }

  function note(ref: SegmentRef, found: SegmentFinding): void {
    known.set(nameOf(ref), found);
    if (found.result === 'held') return;
    const { trainer } = sealed.proofs[ref.proof] ?? {};
    log.warn({ round, trainer: trainer && toHex(trainer), segment: ref.segment, result: found.result }, 'a segment did not pass');
  }

  return {
    async examine(refs, goOn) {
      const isOpen = (ref: SegmentRef) => (known.get(nameOf(ref))?.result ?? 'unavailable') === 'unavailable';
      const arrivals = createArrivals(refs.filter(isOpen), { obtain, goOn, clock });
      for (let arrival = await arrivals.next(); arrival !== undefined; arrival = await arrivals.next()) {
        const { ref, isServed } = arrival;
        const found = isServed ? await run(ref) : ({ segment: ref.segment, result: 'unavailable' } as const);
        if (found !== undefined) note(ref, found);
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
