import type { Address } from '../primitives/keys.ts';
import { nextAuthorities } from '../protocol/authority-set.ts';
import type { ProtocolState } from '../protocol/types.ts';

/**
 * Who decides on the block of a height, ascending. The state after a block names who decides on the next one, and that state's
 * schedule who decides on the one after it.
 * @param head the state at the head
 * @param stateAt states of earlier heights, while they are kept; the head's set stands in for others
 */
export function authoritiesAt(
  height: number,
  head: ProtocolState,
  stateAt: (height: number) => ProtocolState | undefined,
): readonly Address[] {
  if (height > head.height + 1 && head.open.sealsAt === head.height + 1) return nextAuthorities(head) ?? addressesOf(head);
  return addressesOf(height <= head.height ? (stateAt(height - 1) ?? head) : head);
}

function addressesOf({ authorities }: ProtocolState): readonly Address[] {
  return authorities.map(({ address }) => address);
}
