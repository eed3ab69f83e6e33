import { hasQuorum } from '../codec/quorum.ts';
import type { CastVote } from './types.ts';

/** Held-out loss (nats a token) and accuracy of a model. */
export interface Measurement {
  readonly loss: number;
  readonly accuracy: number;
}

/** True when a vote states this measurement, to the bit. */
export function isMeasurementOf(vote: CastVote, { loss, accuracy }: Measurement): boolean {
  return Object.is(vote.heldOutLoss, loss) && Object.is(vote.heldOutAccuracy, accuracy);
}

/** The measurement of a quorum, to the bit. */
export function measurementOf(votes: readonly CastVote[], authorities: number): Measurement | undefined {
  return votes
    .map((vote) => ({ loss: vote.heldOutLoss, accuracy: vote.heldOutAccuracy }))
    .find((candidate) => hasQuorum(votes.filter((vote) => isMeasurementOf(vote, candidate)).length, authorities));
}
