import { plainBytes } from '../primitives/bytes.ts';
import { codecError } from './errors.ts';
import { MAX_RLP_DEPTH } from './limits.ts';

/** Recursive Length Prefix (Ethereum yellow paper, appendix B): a byte string or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[];

const SHORT_LIMIT_BYTES = 55;
const STRING_OFFSET = 0x80;
const LIST_OFFSET = 0xc0;

/** The one encoding of an item. */
export function encodeRlp(item: RlpItem): Uint8Array {
  const payloads: number[] = [];
  const out = new Uint8Array(measure(item, payloads));
  write(item, out, { at: 0, list: 0, payloads });
  return out;
}

/**
 * Decodes exactly one item. Written here and not taken from a library because peers send these bytes: nesting is bounded
 * before it can cost stack or quadratic copying, and only the canonical form is taken. Byte strings are views of `bytes`,
 * and plain Uint8Arrays whatever `bytes` is, so that a `slice` of one is a copy.
 * @throws CODEC_MALFORMED
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  const { item, next } = read(plainBytes(bytes), 0, bytes.length, 0);
  if (next !== bytes.length) throw malformed(`${bytes.length - next} bytes follow the encoded value`);
  return item;
}

/** Length of an item's encoding. Notes each list's payload length in the order of writing, so that no list is measured twice. */
function measure(item: RlpItem, payloads: number[]): number {
  if (item instanceof Uint8Array) return isSingleByte(item) ? 1 : prefixLength(item.length) + item.length;
  const place = payloads.push(0) - 1;
  let payload = 0;
  for (const child of item) payload += measure(child, payloads);
  payloads[place] = payload;
  return prefixLength(payload) + payload;
}

/** Where writing stands: the next byte, and the next list among those measured. */
interface Cursor {
  at: number;
  list: number;
  readonly payloads: readonly number[];
}

function write(item: RlpItem, out: Uint8Array, cursor: Cursor): void {
  if (item instanceof Uint8Array) {
    if (!isSingleByte(item)) writePrefix(STRING_OFFSET, item.length, out, cursor);
    out.set(item, cursor.at);
    cursor.at += item.length;
    return;
  }
  writePrefix(LIST_OFFSET, cursor.payloads[cursor.list++] as number, out, cursor);
  for (const child of item) write(child, out, cursor);
}

function writePrefix(offset: number, length: number, out: Uint8Array, cursor: Cursor): void {
  if (length <= SHORT_LIMIT_BYTES) {
    out[cursor.at++] = offset + length;
    return;
  }
  const size = bytesOf(length);
  out[cursor.at] = offset + SHORT_LIMIT_BYTES + size;
  for (let i = size; i >= 1; i--) {
    out[cursor.at + i] = length % 256;
    length = Math.floor(length / 256);
  }
  cursor.at += 1 + size;
}

function prefixLength(length: number): number {
  return length <= SHORT_LIMIT_BYTES ? 1 : 1 + bytesOf(length);
}

function read(bytes: Uint8Array, at: number, end: number, depth: number): { item: RlpItem; next: number } {
  if (at >= end) throw malformed('the bytes end where a value should begin');
  if (depth > MAX_RLP_DEPTH) throw malformed(`lists are nested deeper than ${MAX_RLP_DEPTH}`);
  const first = bytes[at] as number;
  if (first < STRING_OFFSET) return { item: bytes.subarray(at, at + 1), next: at + 1 };

  const isList = first >= LIST_OFFSET;
  const short = first - (isList ? LIST_OFFSET : STRING_OFFSET);
  let start = at + 1;
  let length = short;
  if (short > SHORT_LIMIT_BYTES) {
    const size = short - SHORT_LIMIT_BYTES;
    length = readLength(bytes, start, end, size);
    start += size;
  }
  const next = start + length;
  if (next > end) throw malformed('a length reaches past the end');

  if (!isList) {
    const item = bytes.subarray(start, next);
    if (isSingleByte(item)) throw malformed('a single byte below 0x80 has a prefix');
    return { item, next };
  }
  const items: RlpItem[] = [];
  for (let position = start; position < next; ) {
    const child = read(bytes, position, next, depth + 1);
    items.push(child.item);
    position = child.next;
  }
  return { item: items, next };
}

function readLength(bytes: Uint8Array, at: number, end: number, size: number): number {
  // Six bytes count exactly in a double; no message of ours comes near.
  if (size > 6 || at + size > end) throw malformed('a length reaches past the end');
  if (bytes[at] === 0) throw malformed('a length has leading zeros');
  let length = 0;
  for (let i = 0; i < size; i++) length = length * 256 + (bytes[at + i] as number);
  if (length <= SHORT_LIMIT_BYTES) throw malformed('a short length is written in the long form');
  return length;
}

function isSingleByte(item: RlpItem): boolean {
  return item instanceof Uint8Array && item.length === 1 && (item[0] as number) < STRING_OFFSET;
}

function bytesOf(length: number): number {
  let size = 1;
  while (length >= 256) {
    length = Math.floor(length / 256);
    size++;
  }
  return size;
}

function malformed(why: string) {
  return codecError('CODEC_MALFORMED', `not canonical RLP: ${why}`);
}
