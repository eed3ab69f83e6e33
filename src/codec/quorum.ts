/**
 * True when `votes` of `authorities` decide: 67 % of them, and more than two thirds (fewer than one third faulty cannot
 * bring two of these about). The one rule for certificates, consensus and verdicts.
 *
 * @example hasQuorum(3, 4) // true
 * @example hasQuorum(2, 3) // false: 66.7 % is below 67 %, so three authorities decide only together
 */
export function hasQuorum(votes: number, authorities: number): boolean {
  return 100 * votes >= 67 * authorities && 3 * votes > 2 * authorities;
}

/** The least number of votes that decides. */
export function quorumOf(authorities: number): number {
  return Math.max(Math.ceil((67 * authorities) / 100), Math.floor((2 * authorities) / 3) + 1);
}
