import type { Reputation } from './types.ts';

/**
 * Reputation is a record of conduct and carries no vote. Integer arithmetic only: every node must get the same number.
 */
export const FULL_REPUTATION: Reputation = 1_000_000;
export const INITIAL_REPUTATION: Reputation = 500_000;
const NO_REPUTATION: Reputation = 0;
/**
 * Under this, every segment of a trainer is checked, and what an authority alone claims opens no dispute. Fraud leads there at
 * once, and six accepted rounds out of it.
 */
const DISTRUST_BELOW: Reputation = 250_000;

export function isDistrusted(reputation: Reputation): boolean {
  return reputation < DISTRUST_BELOW;
}

/** Up by a twentieth of what is missing: slow to win. */
export function raised(reputation: Reputation): Reputation {
  return reputation + Math.floor((FULL_REPUTATION - reputation) / 20);
}

/** A trainer with a place and no sealed proof: × 0.95. */
export function afterAbsence(reputation: Reputation): Reputation {
  return Math.floor((reputation * 95) / 100);
}

/** An authority that did not vote or withheld its preimage: × 0.95, but absence alone makes nobody distrusted. */
export function afterSilence(reputation: Reputation): Reputation {
  return isDistrusted(reputation) ? reputation : Math.max(afterAbsence(reputation), DISTRUST_BELOW);
}

/** A proof whose states its trainer did not serve: × 0.7. */
export function afterUnavailability(reputation: Reputation): Reputation {
  return Math.floor((reputation * 70) / 100);
}

/** Claims of an authority that a quorum refuted and that cost no stake: × 0.7 for each. */
export function afterRefutation(reputation: Reputation, claims: number): Reputation {
  let lowered = reputation;
  for (let i = 0; i < claims && lowered > 0; i++) lowered = afterUnavailability(lowered);
  return lowered;
}

export function afterFraud(): Reputation {
  return NO_REPUTATION;
}
