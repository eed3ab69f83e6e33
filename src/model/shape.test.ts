import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPolError } from '../primitives/errors.ts';
import { parameterLayout } from './layout.ts';
import { modelConfigForSize, parameterCount } from './shape.ts';

describe('modelConfigForSize', () => {
  test('comes within 20 % of any size, with a shape the genesis accepts and grouped queries', () => {
    fc.assert(
      fc.property(fc.double({ min: Math.log(2e5), max: Math.log(1e10), noNaN: true }), (logarithm) => {
        const wanted = Math.round(Math.exp(logarithm));
        const config = modelConfigForSize(wanted);
        expect(Math.abs(parameterCount(config) / wanted - 1)).toBeLessThanOrEqual(0.2);
        expect(config.dim % config.heads).toBe(0);
        expect((config.dim / config.heads) % 2).toBe(0);
        expect(config.heads % config.kv_heads).toBe(0);
        expect(config.heads / config.kv_heads).toBeGreaterThanOrEqual(2);
        expect(config.dim % 16).toBe(0);
        expect(config.hidden_dim % 16).toBe(0);
        expect(config.layers).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 200 },
    );
  });

  test.each([200_000, 1_000_000, 10_000_000, 124_000_000, 350_000_000, 1_000_000_000])(
    '%i parameters: between 16 and 128 units of width a layer, heads of 16 to 128, at most four queries a key',
    (wanted) => {
      const { dim, layers, heads, kv_heads, hidden_dim } = modelConfigForSize(wanted);
      expect(dim / layers).toBeGreaterThanOrEqual(16);
      expect(dim / layers).toBeLessThanOrEqual(128);
      expect([16, 32, 64, 128]).toContain(dim / heads);
      expect([2, 4]).toContain(heads / kv_heads);
      expect(hidden_dim / dim).toBeCloseTo(8 / 3, 0);
    },
  );

  test('keeps a given vocabulary and context', () => {
    const config = modelConfigForSize(3_000_000, { vocabSize: 2048, contextLength: 64 });
    expect([config.vocab_size, config.context_length]).toEqual([2048, 64]);
  });

  test.each([0, -5, Number.NaN, Number.POSITIVE_INFINITY, 99_999])('refuses %s parameters', (parameters) => {
    expect(() => modelConfigForSize(parameters)).toThrow(expect.toSatisfy((e) => isPolError(e, 'MODEL_SHAPE_INVALID')));
  });

  test('says so when the vocabulary alone is larger than the model', () => {
    expect(() => modelConfigForSize(200_000, { vocabSize: 50_257 })).toThrow(/smaller vocabulary/);
  });
});

describe('parameterLayout', () => {
  const config = modelConfigForSize(1_000_000);

  test('is dense, aligned to 16 words, and complete', () => {
    let next = 0;
    for (const tensor of parameterLayout(config).tensors) {
      expect(tensor.offset).toBe(next);
      expect(tensor.offset % 16).toBe(0);
      expect(tensor.length).toBe(tensor.shape.reduce((a, b) => a * b));
      next += tensor.length;
    }
    expect(parameterLayout(config).count).toBe(next);
  });

  test('has a head of its own only when untied, and decays matrices alone', () => {
    const names = (tied: boolean) => parameterLayout({ ...config, tied_embeddings: tied }).tensors.map((t) => t.name);
    expect(names(true)).not.toContain('lm_head.weight');
    expect(names(false).at(-1)).toBe('lm_head.weight');
    expect(parameterLayout(config).tensors.filter((t) => t.decays === t.name.includes('norm'))).toEqual([]);
  });
});
