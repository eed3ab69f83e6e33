import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareBytes } from '../primitives/bytes.ts';
import { MAX_KEY_BYTES } from './keys.ts';
import type { KeyValueStore, Write } from './kv.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const entries = (store: KeyValueStore, from: Uint8Array, to: Uint8Array, options: { reverse?: boolean; limit?: number } = {}) =>
  [...store.range({ from, to, ...options })].map(({ key, value }) => [[...key], [...value]]);

/** The contract of KeyValueStore: every engine passes this suite. */
export function describeKeyValueStore(name: string, open: () => Promise<{ store: KeyValueStore; remove(): Promise<void> }>): void {
  describe(`${name} as a KeyValueStore`, () => {
    let store: KeyValueStore;
    let remove: () => Promise<void>;

    beforeEach(async () => {
      ({ store, remove } = await open());
    });
    afterEach(async () => {
      await store.close();
      await remove();
    });

    it('gives back what a batch wrote, and nothing for other keys', async () => {
      await store.write([
        { key: bytes(1, 2), value: bytes(9, 8, 7) },
        { key: bytes(1), value: bytes() },
      ]);
      expect(store.get(bytes(1, 2))).toStrictEqual(bytes(9, 8, 7));
      expect(store.get(bytes(1))).toStrictEqual(bytes());
      expect(store.has(bytes(1))).toBe(true);
      expect(store.get(bytes(1, 2, 3))).toBeUndefined();
      expect(store.has(bytes(2))).toBe(false);
    });

    it('overwrites and deletes, the last write of a batch to a key counting', async () => {
      await store.write([
        { key: bytes(5), value: bytes(1) },
        { key: bytes(6), value: bytes(1) },
      ]);
      await store.write([
        { key: bytes(5), value: bytes(2) },
        { key: bytes(6), value: undefined },
        { key: bytes(7), value: bytes(3) },
        { key: bytes(7), value: undefined },
        { key: bytes(8), value: undefined },
        { key: bytes(8), value: bytes(4) },
      ]);
      expect(entries(store, bytes(0), bytes(255))).toEqual([
        [[5], [2]],
        [[8], [4]],
      ]);
    });

    it('ranges from inclusive to exclusive, in byte order, both ways and up to a limit', async () => {
      const keys = [bytes(1), bytes(1, 0), bytes(1, 255), bytes(2), bytes(2, 0), bytes(3)];
      await store.write([...keys].reverse().map((key) => ({ key, value: bytes(key.length) })));
      const forward = [
        [[1, 0], [2]],
        [[1, 255], [2]],
        [[2], [1]],
        [[2, 0], [2]],
      ];
      expect(entries(store, bytes(1, 0), bytes(3))).toEqual(forward);
      expect(entries(store, bytes(1, 0), bytes(3), { reverse: true })).toEqual([...forward].reverse());
      expect(entries(store, bytes(1, 0), bytes(3), { limit: 2 })).toEqual(forward.slice(0, 2));
      expect(entries(store, bytes(1, 0), bytes(3), { reverse: true, limit: 1 })).toEqual(forward.slice(-1));
      expect(entries(store, bytes(1, 1), bytes(1, 254))).toEqual([]);
      expect(entries(store, bytes(9), bytes(10), { reverse: true })).toEqual([]);
      expect(entries(store, bytes(1), bytes(1))).toEqual([]);
    });

    it('keeps a begun range on the state it began with', async () => {
      await store.write([1, 2, 3].map((n) => ({ key: bytes(n), value: bytes(n) })));
      const iterator = store.range({ from: bytes(0), to: bytes(9) })[Symbol.iterator]();
      iterator.next();
      await store.write([
        { key: bytes(2), value: undefined },
        { key: bytes(4), value: bytes(4) },
      ]);
      const rest: number[] = [];
      for (let next = iterator.next(); next.done !== true; next = iterator.next()) rest.push(next.value.key[0] as number);
      expect(rest).toEqual([2, 3]);
    });

    it('keeps its values apart from the caller’s arrays', async () => {
      const value = bytes(1, 2);
      await store.write([{ key: bytes(1), value }]);
      value[0] = 9;
      const read = store.get(bytes(1));
      if (read !== undefined) read[1] = 9;
      expect(store.get(bytes(1))).toStrictEqual(bytes(1, 2));
    });

    it('rejects a whole batch for one invalid key', async () => {
      const tooLong = new Uint8Array(MAX_KEY_BYTES + 1);
      for (const key of [bytes(), tooLong]) {
        const batch = [
          { key: bytes(1), value: bytes(1) },
          { key, value: bytes(1) },
        ];
        await expect(store.write(batch)).rejects.toMatchObject({ code: 'STORE_KEY_INVALID' });
        expect(() => store.get(key)).toThrow(expect.objectContaining({ code: 'STORE_KEY_INVALID' }));
      }
      expect(store.has(bytes(1))).toBe(false);
      const longest = new Uint8Array(MAX_KEY_BYTES).fill(7);
      await store.write([{ key: longest, value: bytes(1) }]);
      expect(store.get(longest)).toStrictEqual(bytes(1));
    });

    it('refuses work after close, and closes twice without harm', async () => {
      await store.close();
      await store.close();
      expect(() => store.get(bytes(1))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }));
      expect(() => [...store.range({ from: bytes(1), to: bytes(2) })]).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }));
      await expect(store.write([{ key: bytes(1), value: bytes(1) }])).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    });

    it('behaves as a sorted map for any batches', async () => {
      const key = fc.uint8Array({ minLength: 1, maxLength: 3, max: 3 });
      const write = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 4 }), { nil: undefined }) });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(write, { maxLength: 8 }), { maxLength: 4 }),
          key,
          key,
          fc.boolean(),
          async (batches, a, b, reverse) => {
            await store.write([...store.range({ from: bytes(0), to: bytes(255) })].map((entry) => ({ key: entry.key, value: undefined })));
            const model = new Map<string, Write>();
            for (const batch of batches) {
              await store.write(batch);
              for (const item of batch) {
                if (item.value === undefined) model.delete(String(item.key));
                else model.set(String(item.key), item);
              }
            }
            const [from, to] = compareBytes(a, b) <= 0 ? [a, b] : [b, a];
            const expected = [...model.values()]
              .filter((item) => compareBytes(item.key, from) >= 0 && compareBytes(item.key, to) < 0)
              .sort((x, y) => compareBytes(x.key, y.key))
              .map((item) => [[...item.key], [...(item.value ?? [])]]);
            expect(entries(store, from, to, { reverse })).toEqual(reverse ? expected.reverse() : expected);
          },
        ),
        { numRuns: 25 },
      );
    });
  });
}
