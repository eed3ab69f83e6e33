import { describe, expect, it } from 'vitest';
import { tinyModel } from '../test-shapes.ts';
import { huggingFaceConfig, parseHuggingFaceConfig } from './huggingface.ts';
import { fromNeighbours, shortestDecimal, toNeighbours } from './llama-gguf.ts';

const MODEL = { ...tinyModel, vocab_size: 300 };

describe('config.json', () => {
  it('comes back as it was', () => {
    expect(parseHuggingFaceConfig(huggingFaceConfig(MODEL, 'f32', {}), 'config.json')).toEqual(MODEL);
  });

  it.each<[string, object]>([
    ['rope_scaling', { rope_scaling: { rope_type: 'llama3', factor: 8 } }],
    ['rope_scaling', { rope_parameters: { rope_type: 'yarn' } }],
    ['attention_bias', { attention_bias: true }],
    ['mlp_bias', { mlp_bias: true }],
    ['num_local_experts', { num_local_experts: 8 }],
    ['head_dim', { head_dim: 128 }],
    ['hidden_act', { hidden_act: 'gelu' }],
    ['architectures', { architectures: ['MixtralForCausalLM'] }],
    ['model_type', { model_type: 'qwen2' }],
    ['dim', { hidden_size: 20, head_dim: 5 }],
    ['vocab_size', { vocab_size: 'many' }],
    ['model.kv_heads', { num_key_value_heads: 3 }],
  ])('names %s when it makes another kind of model', (field, change) => {
    const document = { ...huggingFaceConfig(MODEL, 'f32', {}), ...change };
    expect(() => parseHuggingFaceConfig(document, 'config.json')).toThrow(
      expect.objectContaining({ code: 'FORMAT_UNSUPPORTED', message: expect.stringContaining(field) }),
    );
  });

  it('takes what old files leave out', () => {
    const {
      num_key_value_heads: _,
      head_dim: __,
      rope_parameters: ___,
      ...old
    } = huggingFaceConfig(MODEL, 'f32', {}) as Record<string, unknown>;
    expect(parseHuggingFaceConfig(old, 'config.json')).toEqual({ ...MODEL, kv_heads: MODEL.heads });
  });
});

describe('rows of rotated heads', () => {
  it('pair neighbours in GGUF, halves here', () => {
    // Two heads of width 4, one column.
    const rows = Float32Array.of(0, 1, 2, 3, 10, 11, 12, 13);
    expect([...toNeighbours(rows, 2, 4)]).toEqual([0, 2, 1, 3, 10, 12, 11, 13]);
    expect(fromNeighbours(toNeighbours(rows, 2, 4), 2, 4)).toEqual(rows);
  });
});

describe('shortestDecimal', () => {
  it.each([1e-5, 1e-6, 10_000, 500_000, 0.1])('gives %d back after f32', (value) => {
    expect(shortestDecimal(Math.fround(value))).toBe(value);
  });
});
