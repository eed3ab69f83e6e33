import { compareBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { ADDRESS_BYTES, type Address, SIGNATURE_BYTES, type Signature } from '../primitives/keys.ts';
import { codecError } from './errors.ts';
import { decodeRlp, encodeRlp, type RlpItem } from './rlp.ts';

/**
 * How a type is written as an RLP item and read back. Shapes are built from the few functions below, so that a type's
 * format is stated once and its two directions cannot disagree. Both directions check: what encodes decodes to the same
 * value, and what decodes encodes to the same bytes. `path` names the field in errors.
 */
export interface Shape<T> {
  toItem(value: T, path: string): RlpItem;
  fromItem(item: RlpItem, path: string): T;
}

/** A shape for each field; their order is the order of the encoding. */
export type Fields<T> = { readonly [K in keyof T]-?: Shape<T[K]> };

/** A top-level type: whole messages to bytes and back. */
export interface Codec<T> {
  readonly shape: Shape<T>;
  /** @throws CODEC_* when the value has no encoding */
  encode(value: T): Uint8Array;
  /** @throws CODEC_* when the bytes are not the canonical encoding of a value */
  decode(bytes: Uint8Array): T;
}

export function codec<T>(name: string, shape: Shape<T>, maxBytes: number): Codec<T> {
  const checkSize = (bytes: Uint8Array) => {
    if (bytes.length > maxBytes) throw fault('CODEC_TOO_LARGE', name, `${bytes.length} bytes; at most ${maxBytes} are allowed`);
    return bytes;
  };
  return {
    shape,
    encode: (value) => checkSize(encodeRlp(shape.toItem(value, name))),
    decode: (bytes) => shape.fromItem(decodeRlp(checkSize(bytes)), name),
  };
}

/** A whole number from `minimum` (written as 0) up to the largest exact one. Big-endian without leading zeros. */
export function integer(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER + Math.min(minimum, 0)): Shape<number> {
  return {
    toItem(value, path) {
      if (!Number.isSafeInteger(value) || value < minimum || value > maximum) {
        throw fault('CODEC_BAD_INTEGER', path, `${value} is not a whole number from ${minimum} to ${maximum}`);
      }
      return uintBytes(value - minimum);
    },
    fromItem(item, path) {
      // Rounded above 2^53, and then refused.
      const value = integerItem(item, path, 8).reduce((sum, byte) => sum * 256 + byte, 0) + minimum;
      if (!Number.isSafeInteger(value) || value > maximum) throw fault('CODEC_BAD_INTEGER', path, `the integer is above ${maximum}`);
      return value;
    },
  };
}

/** 0 … 2^53 − 1. */
export const uint: Shape<number> = integer(0);

/** A natural number of at most `maxBytes` bytes. */
export function bigUint(maxBytes: number): Shape<bigint> {
  return {
    toItem(value, path) {
      const bytes = value < 0n ? undefined : bigUintBytes(value);
      if (bytes === undefined || bytes.length > maxBytes) throw fault('CODEC_BAD_INTEGER', path, `${value} does not fit ${maxBytes} bytes`);
      return bytes;
    },
    fromItem: (item, path) => toBigInt(integerItem(item, path, maxBytes)),
  };
}

/** The four big-endian bytes of a finite IEEE-754 binary32. −0 and 0 are two values. */
export const f32: Shape<number> = {
  toItem(value, path) {
    if (!Number.isFinite(value) || Math.fround(value) !== value) {
      throw fault('CODEC_BAD_FLOAT', path, `${value} is not a finite 32-bit float; round it with Math.fround`);
    }
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value);
    return bytes;
  },
  fromItem(item, path) {
    const bytes = fixedItem(item, path, 4);
    const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0);
    if (!Number.isFinite(value)) throw fault('CODEC_BAD_FLOAT', path, 'the float is not finite');
    return value;
  },
};

/** Exactly `length` bytes. */
export function bytes(length: number): Shape<Uint8Array> {
  return {
    toItem: (value, path) => fixedItem(value, path, length),
    // Copied, so that a hash kept for long does not keep the whole message it came in.
    fromItem: (item, path) => fixedItem(item, path, length).slice(),
  };
}

export const hash: Shape<Hash> = bytes(32);
export const address: Shape<Address> = bytes(ADDRESS_BYTES);
export const signature: Shape<Signature> = bytes(SIGNATURE_BYTES);

/** Any bytes up to a limit. */
export function blob(maxBytes: number): Shape<Uint8Array> {
  const check = (item: RlpItem, path: string) => {
    const value = stringItem(item, path);
    if (value.length > maxBytes) throw fault('CODEC_TOO_LARGE', path, `${value.length} bytes; at most ${maxBytes} are allowed`);
    return value;
  };
  return { toItem: check, fromItem: (item, path) => check(item, path).slice() };
}

/** One of a few names, each written as its number. */
export function oneOf<Name extends string>(tags: Readonly<Record<Name, number>>): Shape<Name> {
  const names = new Map(Object.entries<number>(tags).map(([name, tag]) => [tag, name as Name]));
  return {
    toItem: (value, path) => uint.toItem(tagOf(tags, value, path), path),
    fromItem(item, path) {
      const tag = uint.fromItem(item, path);
      const name = names.get(tag);
      if (name === undefined) throw fault('CODEC_UNKNOWN_TAG', path, `unknown tag ${tag}`);
      return name;
    },
  };
}

export function list<T>(element: Shape<T>, maxLength: number): Shape<readonly T[]> {
  const checkLength = (length: number, path: string) => {
    if (length > maxLength) throw fault('CODEC_TOO_LARGE', path, `${length} elements; at most ${maxLength} are allowed`);
  };
  return {
    toItem(values, path) {
      checkLength(values.length, path);
      return values.map((value, i) => element.toItem(value, `${path}[${i}]`));
    },
    fromItem(item, path) {
      const items = listItem(item, path);
      checkLength(items.length, path);
      return items.map((each, i) => element.fromItem(each, `${path}[${i}]`));
    },
  };
}

/** A list strictly ascending by a key: sorted, and no key twice. */
export function ascending<T>(element: Shape<T>, key: (value: T) => Uint8Array, maxLength: number): Shape<readonly T[]> {
  const inner = list(element, maxLength);
  const check = (values: readonly T[], path: string) => {
    for (let i = 1; i < values.length; i++) {
      if (compareBytes(key(values[i - 1] as T), key(values[i] as T)) >= 0) {
        throw fault('CODEC_NOT_ASCENDING', `${path}[${i}]`, 'the list must ascend and name each key once');
      }
    }
    return values;
  };
  return {
    toItem: (values, path) => inner.toItem(check(values, path), path),
    fromItem: (item, path) => check(inner.fromItem(item, path), path),
  };
}

export const ascendingAddresses = (maxLength: number): Shape<readonly Address[]> => ascending(address, (value) => value, maxLength);

/** A list of nothing, or of the one value. */
export function optional<T>(inner: Shape<T>): Shape<T | undefined> {
  return {
    toItem: (value, path) => (value === undefined ? [] : [inner.toItem(value, path)]),
    fromItem(item, path) {
      const items = listItem(item, path);
      if (items.length > 1) throw fault('CODEC_WRONG_SHAPE', path, 'an optional value is a list of none or one');
      const [only] = items;
      return only === undefined ? undefined : inner.fromItem(only, path);
    },
  };
}

/** A list of the fields in the order given. */
export function struct<T extends object>(fields: Fields<T>): Shape<T> {
  const entries = Object.entries(fields) as [string, Shape<unknown>][];
  return {
    toItem: (value, path) => entries.map(([name, field]) => field.toItem((value as Record<string, unknown>)[name], `${path}.${name}`)),
    fromItem(item, path) {
      const items = listItem(item, path);
      if (items.length !== entries.length) {
        throw fault('CODEC_WRONG_SHAPE', path, `${items.length} fields where ${entries.length} belong`);
      }
      const value: Record<string, unknown> = {};
      entries.forEach(([name, field], i) => {
        value[name] = field.fromItem(items[i] as RlpItem, `${path}.${name}`);
      });
      return value as T;
    },
  };
}

type VariantOf<T, K extends keyof T, V> = Omit<Extract<T, Readonly<Record<K, V>>>, K>;
type Variants<T, K extends keyof T> = {
  readonly [V in T[K] & string]: { readonly tag: number; readonly fields: Fields<VariantOf<T, K, V>> };
};

/** A list of the variant's tag and its fields. `key` is the property that tells the variants apart. */
export function union<T extends object, K extends keyof T & string>(key: K, variants: Variants<T, K>): Shape<T> {
  const table = variants as Readonly<Record<string, { tag: number; fields: Fields<Record<string, unknown>> }>>;
  const tags = Object.fromEntries(Object.entries(table).map(([name, variant]) => [name, variant.tag]));
  const name = oneOf(tags);
  const shapes = new Map(Object.entries(table).map(([name, variant]) => [name, struct(variant.fields)]));
  const shapeOf = (variant: string) => shapes.get(variant) as Shape<Record<string, unknown>>;
  return {
    toItem(value, path) {
      const variant = String((value as Record<string, unknown>)[key]);
      const tag = name.toItem(variant, `${path}.${key}`);
      return [tag, ...(shapeOf(variant).toItem(value as Record<string, unknown>, path) as readonly RlpItem[])];
    },
    fromItem(item, path) {
      const [tag, ...rest] = listItem(item, path);
      if (tag === undefined) throw fault('CODEC_WRONG_SHAPE', path, 'a tagged value has no tag');
      const variant = name.fromItem(tag, `${path}.${key}`);
      return { [key]: variant, ...shapeOf(variant).fromItem(rest, path) } as T;
    },
  };
}

type CodecCode = Parameters<typeof codecError>[0];

function fault(code: CodecCode, path: string, why: string) {
  return codecError(code, `${path}: ${why}`, { data: { path } });
}

function tagOf(tags: Readonly<Record<string, number>>, value: string, path: string): number {
  const tag = Object.hasOwn(tags, value) ? tags[value] : undefined;
  if (tag === undefined) throw fault('CODEC_UNKNOWN_TAG', path, `"${value}" is none of ${Object.keys(tags).join(', ')}`);
  return tag;
}

function stringItem(item: RlpItem, path: string): Uint8Array {
  if (!(item instanceof Uint8Array)) throw fault('CODEC_WRONG_SHAPE', path, 'a list stands where bytes belong');
  return item;
}

function listItem(item: RlpItem, path: string): readonly RlpItem[] {
  if (item instanceof Uint8Array) throw fault('CODEC_WRONG_SHAPE', path, 'bytes stand where a list belongs');
  return item;
}

function fixedItem(item: RlpItem, path: string, length: number): Uint8Array {
  const value = stringItem(item, path);
  if (value.length !== length) throw fault('CODEC_WRONG_LENGTH', path, `${value.length} bytes where ${length} belong`);
  return value;
}

function integerItem(item: RlpItem, path: string, maxBytes: number): Uint8Array {
  const value = stringItem(item, path);
  if (value[0] === 0) throw fault('CODEC_BAD_INTEGER', path, 'the integer has leading zeros');
  if (value.length > maxBytes) throw fault('CODEC_BAD_INTEGER', path, `the integer is longer than ${maxBytes} bytes`);
  return value;
}

function uintBytes(value: number): Uint8Array {
  let size = 0;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) size++;
  const out = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--) {
    out[i] = value % 256;
    value = Math.floor(value / 256);
  }
  return out;
}

function bigUintBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  return new Uint8Array(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
}

function toBigInt(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`);
}
