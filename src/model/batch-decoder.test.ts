import { describe, expect, test } from 'vitest';
import type { Backend } from '../numerics/backend.ts';
import { listBackends, selectBackend } from '../numerics/backends.ts';
import { isPolError } from '../primitives/errors.ts';
import { createBatchDecoder } from './batch-decoder.ts';
import { createDecoder } from './decoder.ts';
import { initialiseWeights } from './initialise.ts';
import { parameterLayout } from './layout.ts';
import { tinyModel } from './test-shapes.ts';

const model = { ...tinyModel, context_length: 12 };
const weights = new Float32Array(parameterLayout(model).count);
initialiseWeights(model, new Uint8Array(32).fill(3), weights);
const texts = [
  [5, 1, 30, 30, 7, 2, 36, 0, 11],
  [36, 36, 1],
  [0, 9, 8, 7, 6],
];

/** Logits after each token of a text that has the decoder to itself. */
function alone(backend: Backend, text: readonly number[]): readonly Float32Array[] {
  const decoder = createDecoder({ model, weights }, { backend });
  const all = text.map((token) => decoder.append([token]).slice());
  decoder.release();
  return all;
}

const open = (backend: Backend, slots = 3) => createBatchDecoder({ model, weights, slots, passRows: 8 }, { backend });

describe.each(listBackends())('batch decoder on %s', async (name) => {
  const backend = await selectBackend({ wanted: name, threads: 1 });
  const expected = texts.map((text) => alone(backend, text));

  test('gives each sequence the bits it has alone, whatever the others do', () => {
    const decoder = open(backend);
    const taken = texts.map(() => 0);
    // Sequences begin, pause and end at different passes; prompts and single tokens share products.
    const passes = [
      [3, 1, 0],
      [1, 0, 4],
      [1, 1, 1],
      [4, 1, 0],
    ];
    for (const pass of passes) {
      const sequences = pass.flatMap((count, slot) => {
        const from = taken[slot] as number;
        taken[slot] = from + count;
        return count === 0 ? [] : [{ slot, tokens: (texts[slot] as number[]).slice(from, from + count), want: 'every' as const }];
      });
      const results = decoder.step(sequences);
      sequences.forEach(({ slot, tokens }, i) => {
        const first = (taken[slot] as number) - tokens.length;
        tokens.forEach((_, row) => {
          const logits = (results[i] as Float32Array).subarray(row * model.vocab_size, (row + 1) * model.vocab_size);
          expect(logits).toEqual(expected[slot]?.[first + row]);
        });
      });
    }
    decoder.release();
  });

  test('continues a copied or truncated prefix as if it had been computed', () => {
    const decoder = open(backend);
    const [text] = texts as [number[]];
    decoder.step([{ slot: 0, tokens: text.slice(0, 8), want: 'nothing' }]);
    decoder.copy(0, 2, 5);
    decoder.truncate(0, 3);
    expect([decoder.length(0), decoder.length(2)]).toEqual([3, 5]);
    const [short, long] = decoder.step([
      { slot: 0, tokens: text.slice(3, 6), want: 'last' },
      { slot: 2, tokens: text.slice(5, 7), want: 'last' },
    ]);
    expect(short).toEqual(expected[0]?.[5]);
    expect(long).toEqual(expected[0]?.[6]);
    decoder.release();
  });
});

describe('batch decoder', async () => {
  const backend = await selectBackend({ wanted: 'reference', threads: 1 });

  test('gives the final states of every token', () => {
    const decoder = open(backend);
    const [states] = decoder.step([{ slot: 1, tokens: [1, 2], want: 'states' }]);
    expect(states).toHaveLength(2 * model.dim);
    const again = open(backend);
    const [first] = again.step([{ slot: 0, tokens: [1], want: 'states' }]);
    expect(states?.subarray(0, model.dim)).toEqual(first);
  });

  test.each([
    ['no sequence', []],
    ['a slot that is not there', [{ slot: 3, tokens: [1], want: 'last' as const }]],
    ['a slot twice', [1, 2].map((token) => ({ slot: 0, tokens: [token], want: 'last' as const }))],
    ['more rows than a pass has', [{ slot: 0, tokens: Array<number>(9).fill(1), want: 'last' as const }]],
    ['a token past the vocabulary', [{ slot: 0, tokens: [37], want: 'last' as const }]],
    [
      'states and logits at once',
      [
        { slot: 0, tokens: [1], want: 'last' as const },
        { slot: 1, tokens: [1], want: 'states' as const },
      ],
    ],
  ])('refuses %s and appends nothing', (_, sequences) => {
    const decoder = open(backend);
    expect(() => decoder.step(sequences)).toThrow(expect.toSatisfy((error) => isPolError(error, 'MODEL_INPUT_INVALID')));
    expect([0, 1, 2].map(decoder.length)).toEqual([0, 0, 0]);
  });
});
