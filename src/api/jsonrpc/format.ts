import { type Hex, toHex } from '../../primitives/bytes.ts';

/** A quantity as the execution API writes it: 0x-hexadecimal without leading zeros, zero is 0x0. */
export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

export const data = toHex;
