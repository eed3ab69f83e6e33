import { compareBytes, concatBytes, uint64BE, utf8 } from '../primitives/bytes.ts';
import { storeError } from './errors.ts';
import { prefixEnd } from './keys.ts';
import type { KeyValueStore, Write } from './kv.ts';

/** Bytes of a type and back. A key's encoding must sort as the keys do, and no key may be another's beginning. */
export interface StoredCodec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

export const bytesCodec: StoredCodec<Uint8Array> = { encode: (value) => value, decode: (bytes) => bytes };

/** Non-negative safe integers, 8 bytes big-endian: sorts by number. */
export const numberCodec: StoredCodec<number> = {
  encode: uint64BE,
  decode(bytes) {
    if (bytes.length !== 8) throw new RangeError(`a number has 8 bytes, not ${bytes.length}`);
    return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  },
};

export const textCodec: StoredCodec<string> = { encode: utf8, decode: (bytes) => new TextDecoder().decode(bytes) };

/** A typed part of a store: all keys with one first byte. Reads go to the store given; writes are values for an atomic batch. */
export interface Bucket<K, V> {
  get(store: Pick<KeyValueStore, 'get'>, key: K): V | undefined;
  has(store: Pick<KeyValueStore, 'has'>, key: K): boolean;
  put(key: K, value: V): Write;
  delete(key: K): Write;
  /** In the order of the encoded keys. `from` is inclusive, `to` exclusive; without them, the whole bucket. */
  range(
    store: Pick<KeyValueStore, 'range'>,
    options?: { readonly from?: K; readonly to?: K; readonly reverse?: boolean; readonly limit?: number },
  ): Iterable<{ readonly key: K; readonly value: V }>;
  /** Keys whose encoding begins with these bytes (an address in an index by address and number). */
  rangeUnder(
    store: Pick<KeyValueStore, 'range'>,
    beginning: Uint8Array,
    options?: { readonly reverse?: boolean; readonly limit?: number },
  ): Iterable<{ readonly key: K; readonly value: V }>;
}

/**
 * @example
 * const blocks = createBucket(Prefix.executionBlock, { key: numberCodec, value: bytesCodec });
 * await store.write([blocks.put(7, bytes)]);
 * blocks.get(store, 7);
 */
export function createBucket<K, V>(prefix: number, codecs: { key: StoredCodec<K>; value: StoredCodec<V> }): Bucket<K, V> {
  const first = Uint8Array.of(prefix);
  const keyOf = (key: K) => concatBytes(first, codecs.key.encode(key));

  function decode<T>(codec: StoredCodec<T>, bytes: Uint8Array, what: string): T {
    try {
      return codec.decode(bytes);
    } catch (cause) {
      const name = `0x${prefix.toString(16).padStart(2, '0')}`;
      throw storeError('STORE_RECORD_CORRUPT', `a ${what} in bucket ${name} does not decode: restore the data directory`, { cause });
    }
  }

  function* entries(
    store: Pick<KeyValueStore, 'range'>,
    from: Uint8Array,
    to: Uint8Array,
    options: { readonly reverse?: boolean; readonly limit?: number },
  ) {
    if (compareBytes(from, to) >= 0) return;
    for (const { key, value } of store.range({ from, to, ...options })) {
      yield { key: decode(codecs.key, key.subarray(1), 'key'), value: decode(codecs.value, value, 'value') };
    }
  }

  return {
    get(store, key) {
      const bytes = store.get(keyOf(key));
      return bytes === undefined ? undefined : decode(codecs.value, bytes, 'value');
    },
    has: (store, key) => store.has(keyOf(key)),
    put: (key, value) => ({ key: keyOf(key), value: codecs.value.encode(value) }),
    delete: (key) => ({ key: keyOf(key), value: undefined }),
    range(store, { from, to, ...options } = {}) {
      return entries(store, from === undefined ? first : keyOf(from), to === undefined ? prefixEnd(first) : keyOf(to), options);
    },
    rangeUnder(store, beginning, options = {}) {
      const from = concatBytes(first, beginning);
      return entries(store, from, prefixEnd(from), options);
    },
  };
}
