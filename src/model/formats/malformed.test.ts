import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8 } from '../../primitives/bytes.ts';
import { isPolError } from '../../primitives/errors.ts';
import { memorySource } from './byte-source.ts';
import { readGguf } from './gguf-read.ts';
import { type GgufEntry, ggufPieces } from './gguf-write.ts';
import { readSafetensors, safetensorsPieces } from './safetensors.ts';

const TENSORS = [
  { name: 'a.weight', shape: [4, 32], values: Float32Array.from({ length: 128 }, (_, i) => i / 8) },
  { name: 'b', shape: [3], values: Float32Array.of(1, -2, 3) },
];
const ENTRIES: readonly (readonly [string, GgufEntry])[] = [
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['some.words', { type: 'strings', value: ['one', 'two'] }],
  ['some.numbers', { type: 'int32s', value: [-1, 2] }],
  ['a.number', { type: 'uint64', value: 2n ** 40n }],
];
const copies = (pieces: Iterable<Uint8Array>) => concatBytes(...[...pieces].map((piece) => piece.slice()));
const safetensors = copies(safetensorsPieces(TENSORS, 'f32', { format: 'pt' }));
const gguf = copies(
  ggufPieces(
    ENTRIES,
    TENSORS.map((tensor) => ({ ...tensor, type: 'f32' as const })),
  ),
);

const READERS = [
  ['safetensors', readSafetensors, safetensors],
  ['GGUF', async (source: ReturnType<typeof memorySource>) => (await readGguf(source)).tensors, gguf],
] as const;

/** Reads all there is; only a typed error may stop it. */
async function readAll(read: (typeof READERS)[number][1], bytes: Uint8Array): Promise<string> {
  try {
    for (const tensor of (await read(memorySource('file', bytes))).values()) {
      const length = tensor.shape.reduce((product, size) => product * size, 1);
      // A file of this size cannot hold more.
      expect(length).toBeLessThanOrEqual(bytes.length);
      await tensor.read(new Float32Array(length));
    }
    return 'read';
  } catch (error) {
    if (isPolError(error) && error.code.startsWith('FORMAT_')) return error.code;
    throw error;
  }
}

describe.each(READERS)('%s', (_, read, whole) => {
  it('reads back what was written', async () => {
    const tensors = await read(memorySource('file', whole));
    for (const { name, shape, values } of TENSORS) {
      const out = new Float32Array(values.length);
      await tensors.get(name)?.read(out);
      expect(tensors.get(name)?.shape).toEqual(shape);
      expect(out).toEqual(values);
    }
  });

  it('says of every cut-off file that it is malformed', async () => {
    for (let length = 0; length < whole.length - 32; length += 3) {
      expect(await readAll(read, whole.slice(0, length))).toBe('FORMAT_INVALID');
    }
  });

  it('meets any damage with a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
        async (damage) => {
          const bytes = whole.slice();
          for (const [at, byte] of damage) bytes[at] = byte;
          await readAll(read, bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('meets noise with a typed error', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (noise) => void (await readAll(read, noise))));
  });
});

describe('safetensors', () => {
  const file = (header: unknown, data = 0) => {
    const json = utf8(JSON.stringify(header));
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
    return memorySource('file', concatBytes(length, json, new Uint8Array(data)));
  };
  it.each([
    ['a gap', { a: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8, 'FORMAT_INVALID', 'gap'],
    ['more bytes than tensors', { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, 8, 'FORMAT_INVALID', 'has more'],
    ['a wrong length', { a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, 4, 'FORMAT_INVALID', 'a: data_offsets'],
    ['another dtype', { a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8, 'FORMAT_UNSUPPORTED', 'I64'],
    ['a list', [], 0, 'FORMAT_INVALID', 'JSON object'],
  ])('refuses %s', async (_, header, data, code, text) => {
    await expect(readSafetensors(file(header, data))).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });
});
