import { toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';

/** The authority whose turn it is: rotation over the ascending addresses, one place further each height and each round. */
export function proposerOf(authorities: readonly Address[], height: number, round: number): Address {
  const proposer = authorities[(height + round) % authorities.length];
  if (proposer === undefined) throw new RangeError('a network has at least one authority');
  return proposer;
}

/** Place of each authority in the ascending list, by its address as hexadecimal text. */
export type AuthorityIndex = ReadonlyMap<string, number>;

export function indexAuthorities(authorities: readonly Address[]): AuthorityIndex {
  return new Map(authorities.map((address, i) => [toHex(address), i]));
}

/** More than one third: at least one of so many is honest (line 55). */
export function hasOneHonest(count: number, authorities: number): boolean {
  return 3 * count > authorities;
}
