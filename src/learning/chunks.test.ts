import { describe, expect, test } from 'vitest';
import { listBackends, selectBackend } from '../numerics/backends.ts';
import { toHex } from '../primitives/bytes.ts';
import { vectorRoot, zeroVectorRoot } from './chunks.ts';

const CHUNK_WORDS = 16_384;
/** Every padding of a last chunk, one and several chunks, odd and even numbers of them. */
const lengths = [
  ...Array.from({ length: 40 }, (_, i) => i + 1),
  ...[-17, -1, 0, 1, 8, 9, 24].flatMap((over) => [1, 2, 5].map((chunks) => chunks * CHUNK_WORDS + over)),
];
const native = listBackends().filter((name) => name.startsWith('native-'));

describe('vectorRoot', () => {
  test('has the value it always had (golden value)', () => {
    const vector = Float32Array.from({ length: 40_000 }, (_, i) => i / 7);
    expect(toHex(vectorRoot(vector))).toMatchInlineSnapshot(`"0x9b7c6129120683fcce2be2281c6c80405ed8eb4ee6d0d7c09836fa163d50dee7"`);
    expect(vectorRoot(new Float32Array(40_000))).toEqual(zeroVectorRoot(40_000));
  });

  test.each(native)('%s hashes to the same root with 1 and 2 threads, or leaves it to the library', async (name) => {
    for (const threads of [1, 2]) {
      const { hashChunks } = await selectBackend({ wanted: name, threads });
      if (hashChunks === undefined) continue;
      for (const length of lengths) {
        const vector = Float32Array.from({ length }, (_, i) => Math.sin(i * length));
        expect(toHex(vectorRoot(vector, hashChunks)), `${length} words`).toBe(toHex(vectorRoot(vector)));
      }
      expect(() => hashChunks(new Uint8Array(31), new Float32Array(8), 64)).toThrow(
        expect.objectContaining({ code: 'NUMERICS_BAD_ARGUMENT' }),
      );
      expect(() => hashChunks(new Uint8Array(32), new Float32Array(8), 30)).toThrow(
        expect.objectContaining({ code: 'NUMERICS_BAD_ARGUMENT' }),
      );
    }
  });
});
