import { describe, expect, test } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { sha256 } from '../primitives/hash.ts';
import { initialiseWeights } from './initialise.ts';
import { parameterLayout } from './layout.ts';
import { modelConfigForSize } from './shape.ts';
import { tinyModel } from './test-shapes.ts';

function weightsOf(model = tinyModel, seed = new Uint8Array(32)) {
  const weights = new Float32Array(parameterLayout(model).count);
  initialiseWeights(model, seed, weights);
  return weights;
}

describe('initial weights', () => {
  test('are fixed for ever (golden hash)', () => {
    expect(toHex(sha256(new Uint8Array(weightsOf().buffer)))).toMatchInlineSnapshot(
      `"0xe4cfd4b38e3eb9f6ae7655f3e94f92f25232a4516843e15bdf191b0daefda1e6"`,
    );
  });

  test('differ with the seed, and between tensors of one shape', () => {
    const weights = weightsOf();
    expect(weightsOf(tinyModel, new Uint8Array(32).fill(1))).not.toEqual(weights);
    const [q, o] = ['q', 'o'].map((kind) => {
      const tensor = parameterLayout(tinyModel).tensors.find(({ name }) => name === `model.layers.0.self_attn.${kind}_proj.weight`);
      return weights.slice(tensor?.offset, (tensor?.offset ?? 0) + 16);
    });
    expect(q).not.toEqual(o);
  });

  test('have norms of 1, and matrices with the documented mean, deviation and bell shape', () => {
    const model = modelConfigForSize(500_000);
    const weights = weightsOf(model);
    for (const { name, offset, length, decays } of parameterLayout(model).tensors) {
      const part = weights.subarray(offset, offset + length);
      if (!decays) {
        expect(part.every((weight) => weight === 1)).toBe(true);
        continue;
      }
      const residual = /o_proj|down_proj/.test(name);
      const expected = Math.sqrt(2 / (5 * model.dim)) / (residual ? Math.sqrt(2 * model.layers) : 1);
      const mean = part.reduce((sum, weight) => sum + weight, 0) / length;
      const deviation = Math.sqrt(part.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / length);
      const noise = 1 / Math.sqrt(length);
      expect(Math.abs(mean) / expected).toBeLessThan(4 * noise);
      expect(Math.abs(deviation / expected - 1)).toBeLessThan(4 * noise);
      const withinOne = part.filter((weight) => Math.abs(weight) < expected).length / length;
      expect(Math.abs(withinOne - 0.67)).toBeLessThan(4 * noise);
    }
  });

  test('refuse a seed or a buffer of another length', () => {
    const invalid = expect.toSatisfy((error) => isPolError(error, 'MODEL_INPUT_INVALID'));
    const weights = weightsOf();
    expect(() => initialiseWeights(tinyModel, new Uint8Array(31), weights)).toThrow(invalid);
    expect(() => initialiseWeights(tinyModel, new Uint8Array(32), weights.subarray(1))).toThrow(invalid);
  });
});
