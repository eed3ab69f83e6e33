import { hasQuorum } from '../codec/quorum.ts';
import type { ProofOperation } from '../codec/types.ts';
import type { ProtocolContext } from './context.ts';
import { judgeDisputes } from './disputes.ts';
import { failsGate } from './gate.ts';
import type { Decision, DisputeRecord, ProtocolState, SealedRound } from './types.ts';

/**
 * Decides one sealed proof, by the votes, the disputes about it and their rulings:
 *
 * 1. fraud: a dispute about it ended so.
 * 2. undecided: no quorum of the authorities opened a vote.
 * 3. unavailable: a dispute ended so.
 * 4. unproven: a dispute is not decided, or found no room. Whatever must be checked and was not is disputed.
 * 5. gate: a quorum measured that its update raises the loss beyond the tolerance.
 * 6. accepted otherwise.
 *
 * Fewer than one third faulty bring neither 1 nor 3 about for a trainer that follows the rules. They can leave a proof
 * unproven for a round, at the price of a stake (a false finding) or of their reputation.
 */
function decide(
  sealed: SealedRound,
  proof: number,
  disputes: readonly DisputeRecord[],
  authorities: number,
  { genesis }: ProtocolContext,
): Decision {
  const own = disputes.filter((dispute) => dispute.proof === proof);
  const ended = (verdict: DisputeRecord['verdict']) => own.some((dispute) => dispute.verdict === verdict);
  if (ended('fraud')) return 'fraud';
  if (sealed.disputes === undefined || !hasQuorum(sealed.votes.length, authorities)) return 'undecided';
  if (ended('unavailable')) return 'unavailable';
  if (ended('undecided') || sealed.overflowing.includes(proof)) return 'unproven';
  return failsGate(sealed.votes, proof, authorities, genesis) ? 'gate' : 'accepted';
}

export interface Decisions {
  /** In the order of the sealed proofs. */
  readonly decisions: readonly Decision[];
  readonly disputes: readonly DisputeRecord[];
}

export function decisionsOn(state: ProtocolState, sealed: SealedRound, context: ProtocolContext): Decisions {
  const disputes = judgeDisputes(state, sealed);
  const decisions = sealed.proofs.map((_, proof) => decide(sealed, proof, disputes, state.authorities.length, context));
  return { decisions, disputes };
}

/** Proofs of the sealed round that the next boundary will merge, if no further operation comes. Ascending by trainer. */
export function acceptedProofs(state: ProtocolState, context: ProtocolContext): readonly ProofOperation[] {
  const { sealed } = state;
  if (sealed === undefined) return [];
  const { decisions } = decisionsOn(state, sealed, context);
  return sealed.proofs.filter((_, proof) => decisions[proof] === 'accepted');
}
