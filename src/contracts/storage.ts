import { concatBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { keccak256 } from '../primitives/hash.ts';

/*
 * Solidity's layout of storage: https://docs.soliditylang.org/en/latest/internals/layout_in_storage.html
 * Fields of a word stand from its low end on; an entry of a mapping begins at keccak256(key ‖ slot).
 */

const WORD_BYTES = 32;
const WORD_BITS = 256;

/** A word (32 bytes, big-endian) of a number. @throws RangeError when it has no room */
export function word(value: bigint): Uint8Array {
  if (value < 0n || value >> BigInt(WORD_BITS) !== 0n) throw new RangeError('a word holds 256 bits');
  return fromHex(`0x${value.toString(16).padStart(2 * WORD_BYTES, '0')}`);
}

export function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}

/** A word of several fields, each with its width in bits, the lowest first. @throws RangeError when one has no room */
export function packed(...fields: readonly (readonly [value: bigint | number, bits: number])[]): Uint8Array {
  let [sum, at] = [0n, 0n];
  for (const [value, bits] of fields) {
    const given = BigInt(value);
    if (given < 0n || given >> BigInt(bits) !== 0n) throw new RangeError(`a field of ${bits} bits cannot hold ${given}`);
    sum |= given << at;
    at += BigInt(bits);
  }
  return word(sum);
}

/** Where an entry of the mapping in `slot` begins, and the words after it. */
export function entrySlot(slot: number, key: bigint): (place: number) => Uint8Array {
  const first = numberOf(keccak256(concatBytes(word(key), word(BigInt(slot)))));
  return (place) => word(first + BigInt(place));
}
