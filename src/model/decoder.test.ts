import { describe, expect, test } from 'vitest';
import { createReferenceBackend } from '../numerics/reference.ts';
import { isPolError } from '../primitives/errors.ts';
import { createDecoder, decoderMemoryBytes } from './decoder.ts';
import { initialiseWeights } from './initialise.ts';
import { parameterLayout } from './layout.ts';
import { referenceLogits } from './reference-model.ts';
import { tinyModel } from './test-shapes.ts';

const backend = createReferenceBackend();
const model = tinyModel;
const weights = new Float32Array(parameterLayout(model).count);
initialiseWeights(model, new Uint8Array(32).fill(3), weights);
const prompt = [5, 1, 30, 30, 7, 2, 36, 0, 11];

describe('decoder', () => {
  test('gives the same bits for one pass over a prefix, token by token, and any split', () => {
    const whole = prompt.map((_, last) => {
      const decoder = createDecoder({ model, weights }, { backend });
      const logits = decoder.append(prompt.slice(0, last + 1)).slice();
      decoder.release();
      return logits;
    });
    const stepwise = createDecoder({ model, weights }, { backend });
    for (const [i, token] of prompt.entries()) expect(stepwise.append([token])).toEqual(whole[i]);
    const split = createDecoder({ model, weights }, { backend });
    split.append(prompt.slice(0, 2));
    expect(split.append(prompt.slice(2, 7))).toEqual(whole[6]);
    expect(split.position).toBe(7);
  });

  test('starts afresh after reset, whatever the cache held', () => {
    const decoder = createDecoder({ model, weights }, { backend });
    const first = decoder.append(prompt.slice(0, 3)).slice();
    decoder.append(prompt.slice(3));
    decoder.reset();
    expect(decoder.position).toBe(0);
    expect(decoder.append(prompt.slice(0, 3))).toEqual(first);
  });

  test('agrees with an independent f64 model', () => {
    const decoder = createDecoder({ model, weights }, { backend });
    const expected = referenceLogits(model, Float64Array.from(weights), prompt).at(-1) as number[];
    decoder.append(prompt).forEach((logit, i) => {
      expect(logit).toBeCloseTo(expected[i] as number, 1);
    });
  });

  test('reads weights through a loader', () => {
    const loaded = createDecoder({ model, weights: (destination) => destination.set(weights) }, { backend });
    const copied = createDecoder({ model, weights }, { backend });
    expect(loaded.append(prompt)).toEqual(copied.append(prompt));
    expect(decoderMemoryBytes(model)).toBeGreaterThan(weights.byteLength);
  });

  test.each([
    ['no token', [], 'MODEL_INPUT_INVALID'],
    ['a token past the vocabulary', [37], 'MODEL_INPUT_INVALID'],
    ['a negative token', [-1], 'MODEL_INPUT_INVALID'],
    ['a fraction', [1.5], 'MODEL_INPUT_INVALID'],
    ['more than the context', [...prompt, 1], 'MODEL_CONTEXT_FULL'],
  ])('refuses %s and stays usable', (_, tokens, code) => {
    const decoder = createDecoder({ model, weights }, { backend });
    expect(() => decoder.append(tokens)).toThrow(expect.toSatisfy((e) => isPolError(e, code)));
    expect(decoder.position).toBe(0);
    decoder.append([1]);
    expect(decoder.position).toBe(1);
  });

  test('refuses weights of another model', () => {
    expect(() => createDecoder({ model, weights: weights.subarray(1) }, { backend })).toThrow(/words, the model/);
  });
});
