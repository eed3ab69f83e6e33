import { compareBytes } from '../primitives/bytes.ts';
import { storeError } from './errors.ts';
import { checkKey } from './keys.ts';
import type { KeyValueStore } from './kv.ts';

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** An ordered store in memory, with the same contract as LMDB's (store.compliance.ts): for tests, the simulator and throw-away nodes. */
export function createMemoryStore(): KeyValueStore {
  const values = new Map<string, Entry>();
  /** Sorted view, made when a range asks for it and dropped by the next write. */
  let sorted: readonly Entry[] | undefined;
  let open = true;

  function checkOpen(): void {
    if (!open) throw storeError('STORE_CLOSED', 'the store is closed');
  }

  return {
    get(key) {
      checkOpen();
      checkKey(key);
      return values.get(nameOf(key))?.value.slice();
    },

    has(key) {
      checkOpen();
      checkKey(key);
      return values.has(nameOf(key));
    },

    *range({ from, to, reverse = false, limit = Number.POSITIVE_INFINITY }) {
      checkOpen();
      sorted ??= [...values.values()].sort((a, b) => compareBytes(a.key, b.key));
      const first = lowerBound(sorted, from);
      const end = Math.max(first, lowerBound(sorted, to));
      const snapshot = sorted;
      const count = Math.min(limit, end - first);
      for (let i = 0; i < count; i++) {
        const entry = snapshot[reverse ? end - 1 - i : first + i] as Entry;
        yield { key: entry.key.slice(), value: entry.value.slice() };
      }
    },

    async write(batch) {
      checkOpen();
      for (const { key } of batch) checkKey(key);
      for (const { key, value } of batch) {
        if (value === undefined) values.delete(nameOf(key));
        else values.set(nameOf(key), { key: key.slice(), value: value.slice() });
      }
      sorted = undefined;
    },

    async close() {
      open = false;
    },
  };
}

/** One character a byte: a Map needs a primitive key. */
function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** Index of the first entry whose key is not below `key`. */
function lowerBound(entries: readonly Entry[], key: Uint8Array): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes((entries[middle] as Entry).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
