import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPolError } from '../primitives/errors.ts';
import { createUtf8Reader } from './utf8-reader.ts';

function readAll(bytes: Uint8Array, cuts: readonly number[]): string {
  const reader = createUtf8Reader('text');
  const edges = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const parts = edges.slice(1).map((edge, i) => reader.push(bytes.subarray(edges[i], edge)));
  reader.end();
  return parts.join('');
}

test('gives the same text however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat()), (text, cuts) => {
      fc.pre(!text.startsWith('\ufeff'));
      expect(readAll(Buffer.from(text), cuts)).toBe(text);
    }),
  );
});

test('names the byte at which the first malformed character begins, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uint8Array({ minLength: 1, maxLength: 6 }), fc.array(fc.nat()), (text, junk, cuts) => {
      const bytes = Buffer.concat([Buffer.from(text), junk]);
      let expected = bytes.length;
      while (!isUtf8(bytes.subarray(0, expected))) expected--;
      let offset = bytes.length;
      try {
        readAll(bytes, cuts);
      } catch (error) {
        if (!isPolError(error, 'DATA_NOT_TEXT')) throw error;
        ({ offset } = error.data as { offset: number });
      }
      expect(offset).toBe(expected);
    }),
  );
});

test('drops a byte-order mark at the start only', () => {
  expect(readAll(Buffer.from('\ufeffa\ufeff'), [1, 2])).toBe('a\ufeff');
});
