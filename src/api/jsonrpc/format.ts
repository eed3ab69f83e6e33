import { toHex, toQuantity } from '../../primitives/bytes.ts';

/** A quantity as the execution API writes it: 0x-hexadecimal without leading zeros, zero is 0x0. */
export const quantity = toQuantity;

export const data = toHex;
