import { compareBytes } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';

/** Lists ascending by address: the one order in which the protocol keeps, hashes and pays. */

/** Position of `address`, or the negative complement of where it belongs (~position). */
function search<T>(list: readonly T[], address: Address, key: (item: T) => Address): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareBytes(key(list[middle] as T), address);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return ~low;
}

const self = (address: Address): Address => address;

export function findByAddress<T>(list: readonly T[], address: Address, key: (item: T) => Address): T | undefined {
  return list[search(list, address, key)];
}

export function hasAddress(list: readonly Address[], address: Address): boolean {
  return search(list, address, self) >= 0;
}

/** The list with `item` in its place, instead of the one with the same address if there is one. */
export function withItem<T>(list: readonly T[], item: T, key: (item: T) => Address): readonly T[] {
  const at = search(list, key(item), key);
  return at >= 0 ? list.with(at, item) : list.toSpliced(~at, 0, item);
}

export function withAddress(list: readonly Address[], address: Address): readonly Address[] {
  return withItem(list, address, self);
}
