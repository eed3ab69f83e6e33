/** RLP (yellow paper, appendix B) put together from parts that are encoded already: a trie names short nodes in place. */

const SHORT_LIMIT_BYTES = 55;
const STRING_OFFSET = 0x80;
const LIST_OFFSET = 0xc0;

/** RLP of a byte string. */
export function encodedBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && (bytes[0] as number) < STRING_OFFSET) return bytes;
  return withPrefix(STRING_OFFSET, bytes.length, [bytes]);
}

/** RLP of a list of encoded items. */
export function encodedList(items: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const item of items) length += item.length;
  return withPrefix(LIST_OFFSET, length, items);
}

/** RLP of a number that is not negative. */
export function encodedInteger(value: bigint | number): Uint8Array {
  return encodedBytes(integerBytes(value));
}

/** Big-endian without leading zeros; zero is empty. */
export function integerBytes(value: bigint | number): Uint8Array {
  if (typeof value === 'number' && value < STRING_OFFSET) return value === 0 ? new Uint8Array(0) : Uint8Array.of(value);
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  return new Uint8Array(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
}

function withPrefix(offset: number, length: number, parts: readonly Uint8Array[]): Uint8Array {
  let lengthBytes = 0;
  if (length > SHORT_LIMIT_BYTES) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes++;
  const out = new Uint8Array(1 + lengthBytes + length);
  out[0] = lengthBytes === 0 ? offset + length : offset + SHORT_LIMIT_BYTES + lengthBytes;
  for (let i = lengthBytes, rest = length; i > 0; i--, rest = Math.floor(rest / 256)) out[i] = rest % 256;
  let at = 1 + lengthBytes;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
