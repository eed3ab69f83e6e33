import type { Reputation } from './types.ts';

/**
 * Reputation is a record of conduct and carries no vote. Integer arithmetic only: every node must get the same number.
 */
export const FULL_REPUTATION: Reputation = 1_000_000;
export const INITIAL_REPUTATION: Reputation = 500_000;
const NO_REPUTATION: Reputation = 0;

/** Up by a twentieth of what is missing: slow to win. */
export function raised(reputation: Reputation): Reputation {
  return reputation + Math.floor((FULL_REPUTATION - reputation) / 20);
}

/** A trainer with a place and no sealed proof, or an authority that did not vote: × 0.95. */
export function afterAbsence(reputation: Reputation): Reputation {
  return Math.floor((reputation * 95) / 100);
}

/** A proof whose states or update its trainer did not serve: × 0.7. */
export function afterUnavailability(reputation: Reputation): Reputation {
  return Math.floor((reputation * 70) / 100);
}

export function afterFraud(): Reputation {
  return NO_REPUTATION;
}
