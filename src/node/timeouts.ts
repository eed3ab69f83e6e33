import type { ConsensusTimeouts } from '../consensus/types.ts';

/**
 * Patience of consensus: long enough for a busy machine, since a round that fails costs more than one that waits, and
 * growing so that some round outlasts any delay (the partially synchronous model of arXiv:1807.04938).
 */
export const consensusTimeouts: ConsensusTimeouts = {
  proposeMs: 3_000,
  proposeDeltaMs: 1_000,
  prevoteMs: 1_000,
  prevoteDeltaMs: 500,
  precommitMs: 1_000,
  precommitDeltaMs: 500,
  resendMs: 1_500,
};
