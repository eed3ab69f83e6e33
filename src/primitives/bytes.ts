import { errorDomain } from './errors.ts';

/** `0x`-prefixed hexadecimal text. */
export type Hex = `0x${string}`;

const bytesError = errorDomain({
  BYTES_NOT_HEX: { explanation: 'The text is not 0x-prefixed hexadecimal.', http: 400, jsonRpc: -32602 },
  BYTES_WRONG_LENGTH: { explanation: 'The value has another length than its type.', http: 400, jsonRpc: -32602 },
});

/** Lower-case, `0x`-prefixed. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

/** A quantity as Ethereum's APIs write it: 0x-hexadecimal without leading zeros; zero is 0x0. */
export function toQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/**
 * Decodes `0x`-prefixed hexadecimal of even length.
 * @throws BYTES_NOT_HEX, and BYTES_WRONG_LENGTH when `length` (bytes) is given and differs
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(text)) {
    throw bytesError('BYTES_NOT_HEX', `"${text.slice(0, 80)}" is not 0x-prefixed hexadecimal`);
  }
  const bytes = new Uint8Array(Buffer.from(text.slice(2), 'hex'));
  if (length !== undefined && bytes.length !== length) {
    throw bytesError('BYTES_WRONG_LENGTH', `expected ${length} bytes, got ${bytes.length}: "${text.slice(0, 80)}"`);
  }
  return bytes;
}

/**
 * The same memory as a Uint8Array and nothing more. Sockets, files and databases give Node's Buffers, whose `slice` is a
 * view where a Uint8Array's is a copy: call this where bytes come in.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}

/** Lexicographic order: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Big-endian, 8 bytes; for keys that sort by number and for hashed counters. */
export function uint64BE(value: number): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}
