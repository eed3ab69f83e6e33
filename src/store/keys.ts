import { storeError } from './errors.ts';

/** LMDB's limit with 8 KiB pages; the memory store keeps it too, so that tests meet it. */
export const MAX_KEY_BYTES = 1978;

/** @throws STORE_KEY_INVALID */
export function checkKey(key: Uint8Array): void {
  if (key.length === 0 || key.length > MAX_KEY_BYTES) {
    throw storeError('STORE_KEY_INVALID', `a key has ${key.length} bytes: it must have 1 to ${MAX_KEY_BYTES}`);
  }
}

/**
 * The least key above all keys that begin with `prefix`: the exclusive end of its range.
 * A prefix of only 0xff bytes has no such key of its length; the longest key stands in for it.
 */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] as number;
    if (byte !== 0xff) {
      const end = prefix.slice(0, i + 1);
      end[i] = byte + 1;
      return end;
    }
  }
  return new Uint8Array(MAX_KEY_BYTES).fill(0xff);
}
