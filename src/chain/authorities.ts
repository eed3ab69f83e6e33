import type { Address } from '../primitives/keys.ts';
import { nextAuthorities } from '../protocol/authority-set.ts';
import type { ProtocolState } from '../protocol/types.ts';

/**
 * Who decides on the block of a height, ascending. The state after a block names who decides on the next one, and that state's
 * schedule who decides on the one after it. For every other height certified headers say it.
 * @param head the state at the head
 * @param certified the set that the header before a height names, when that header is held; the head's set stands in for others
 */
export function authoritiesAt(
  height: number,
  head: ProtocolState,
  certified: (height: number) => readonly Address[] | undefined,
): readonly Address[] {
  if (height === head.height + 1) return addressesOf(head);
  const named = certified(height);
  if (named !== undefined) return named;
  if (height > head.height + 1 && head.open.sealsAt === head.height + 1) return nextAuthorities(head) ?? addressesOf(head);
  return addressesOf(head);
}

export function addressesOf({ authorities }: Pick<ProtocolState, 'authorities'>): readonly Address[] {
  return authorities.map(({ address }) => address);
}
