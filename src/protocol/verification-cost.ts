import type { SettledRound } from './types.ts';

/** What checking a settled round cost, in segments; a segment costs who checks it what it cost to train. */
export interface VerificationCost {
  /** In all sealed proofs. */
  readonly proven: number;
  /** To the authorities that voted: their hands, obligatory and secret segments among them, and disputes. */
  readonly dealt: number;
  /** Of these, executed again with a finding that stands. */
  readonly rerun: number;
  /** rerun ÷ proven; undefined when nothing was proven. */
  readonly share: number | undefined;
}

export function verificationCost({ proofs, authorityWork }: Pick<SettledRound, 'proofs' | 'authorityWork'>): VerificationCost {
  const proven = proofs.reduce((sum, { proof }) => sum + proof.segments, 0);
  const dealt = authorityWork.reduce((sum, { wanted }) => sum + wanted, 0);
  const rerun = authorityWork.reduce((sum, { done }) => sum + done, 0);
  return { proven, dealt, rerun, share: proven === 0 ? undefined : rerun / proven };
}

/**
 * The same by the draw's rules (draw.ts), for p proofs of n segments together and s seats: two for each last segment, `checks` for each
 * seat but no more than cover the others, and a secret one for each seat. Without probation and disputes, which add to it.
 */
export function expectedCost(proofs: number, segments: number, seats: number, checks: number): number {
  if (segments === 0 || seats === 0) return 0;
  const last = Math.min(2, seats) * proofs;
  const each = Math.min(segments - proofs, Math.min(checks, Math.ceil((segments - proofs) / seats)));
  return (last + seats * (each + 1)) / segments;
}
