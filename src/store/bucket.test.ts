import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, concatBytes, uint64BE } from '../primitives/bytes.ts';
import { bytesCodec, createBucket, numberCodec, textCodec } from './bucket.ts';
import { prefixEnd } from './keys.ts';
import { createMemoryStore } from './memory.ts';
import { Prefix } from './prefixes.ts';

const blocks = createBucket(0x33, { key: numberCodec, value: textCodec });

describe('createBucket', () => {
  it('keeps buckets with the same key apart', async () => {
    const store = createMemoryStore();
    const others = createBucket(0x34, { key: numberCodec, value: textCodec });
    await store.write([blocks.put(7, 'block'), others.put(7, 'other')]);
    expect(blocks.get(store, 7)).toBe('block');
    await store.write([others.delete(7)]);
    expect(others.has(store, 7)).toBe(false);
    expect(blocks.has(store, 7)).toBe(true);
    expect([...blocks.range(store)]).toEqual([{ key: 7, value: 'block' }]);
  });

  it('ranges over numbers in their order', async () => {
    const store = createMemoryStore();
    await store.write([300, 2, 255, 256].map((n) => blocks.put(n, String(n))));
    const keys = (options: Parameters<typeof blocks.range>[1]) => [...blocks.range(store, options)].map(({ key }) => key);
    expect(keys({})).toEqual([2, 255, 256, 300]);
    expect(keys({ from: 255, to: 300 })).toEqual([255, 256]);
    expect(keys({ reverse: true, limit: 2 })).toEqual([300, 256]);
    expect(keys({ from: 300, to: 2 })).toEqual([]);
  });

  it('ranges over the keys under a beginning', async () => {
    const store = createMemoryStore();
    const index = createBucket(0xff, { key: bytesCodec, value: bytesCodec });
    const key = (owner: number, n: number) => concatBytes(Uint8Array.of(owner), uint64BE(n));
    await store.write([key(0xff, 1), key(0xff, 2), key(0xfe, 3)].map((k) => index.put(k, Uint8Array.of(1))));
    const found = [...index.rangeUnder(store, Uint8Array.of(0xff), { reverse: true })].map(({ key: k }) => k);
    expect(found).toStrictEqual([key(0xff, 2), key(0xff, 1)]);
  });

  it('names the bucket of a record that does not decode', async () => {
    const store = createMemoryStore();
    const numbers = createBucket(0x0a, { key: textCodec, value: numberCodec });
    await store.write([createBucket(0x0a, { key: textCodec, value: bytesCodec }).put('x', Uint8Array.of(1))]);
    expect(() => numbers.get(store, 'x')).toThrow(
      expect.objectContaining({ code: 'STORE_RECORD_CORRUPT', message: expect.stringContaining('0x0a') }),
    );
  });
});

describe('prefixEnd', () => {
  it('is above every key with the prefix and not above the next prefix', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (prefix, rest) => {
        expect(compareBytes(concatBytes(prefix, rest), prefixEnd(prefix))).toBeLessThan(0);
      }),
    );
    expect(prefixEnd(Uint8Array.of(1, 0xff))).toStrictEqual(Uint8Array.of(2));
  });
});

describe('Prefix', () => {
  it('has a byte of its own for each bucket', () => {
    const values = Object.values(Prefix);
    expect(new Set(values).size).toBe(values.length);
    expect(values.every((value) => value > 0 && value < 0xff)).toBe(true);
  });
});
