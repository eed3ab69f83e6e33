import { describe, expect, test } from 'vitest';
import { modelConfigForSize, parameterCount } from '../../model/shape.ts';
import { createTrainingEngine } from '../../model/training-engine.ts';
import type { Backend } from '../../numerics/backend.ts';
import { selectBackend } from '../../numerics/backends.ts';
import { numericsError } from '../../numerics/errors.ts';
import { createReferenceBackend } from '../../numerics/reference.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { DEFAULT_LEARNING } from '../../params/network-defaults.ts';
import { isPolError } from '../../primitives/errors.ts';
import { chooseMemory, memoryFor } from './memory.ts';

const MEBIBYTE = 2 ** 20;

describe('checkpointing', () => {
  const gpt2 = { ...modelConfigForSize(124_000_000), dim: 768, layers: 12, heads: 12, kv_heads: 12, hidden_dim: 2048, vocab_size: 50_257 };
  /** What is beside weights, gradients and moments, and the gradient of a tied embedding. */
  const activationBytes = (model: ModelConfig, checkpointing: boolean) =>
    memoryFor(model, 16, { microBatch: 1, checkpointing }) - 16 * parameterCount(model) - 4 * model.vocab_size * model.dim;

  test('shrinks the activations of a GPT-2-like model at least four times', () => {
    for (const context_length of [512, 1024]) {
      const model = { ...gpt2, context_length };
      expect(activationBytes(model, false) / activationBytes(model, true)).toBeGreaterThan(4);
    }
  });

  test('is the documented formula (docs/training.md)', () => {
    for (const checkpointing of [false, true]) {
      const { dim, layers, heads, hidden_dim: hidden, context_length: rows, vocab_size: vocab } = gpt2;
      const blocks = checkpointing ? 1 : layers;
      const words = blocks * (5 * dim + 2 * dim + 3 * hidden + 2 * heads) + (layers + 5) * dim + 2 * dim + hidden;
      const logits = 4 * vocab * (checkpointing ? 128 : 512);
      const formula = 4 * rows * words + logits;
      expect(Math.abs(activationBytes(gpt2, checkpointing) / formula - 1)).toBeLessThan(0.01);
    }
  });
});

describe('memory', () => {
  const model = modelConfigForSize(30_000_000);
  const batch = 16;
  const choose = (mebibytes: number, wishes = {}) => chooseMemory(model, batch, wishes, { budgetBytes: mebibytes * MEBIBYTE });

  test('less of it: a smaller micro-batch, then checkpointing, then both, then a refusal that names the bytes', () => {
    const order = [
      { microBatch: 2, checkpointing: false },
      { microBatch: 1, checkpointing: false },
      { microBatch: 2, checkpointing: true },
      { microBatch: 1, checkpointing: true },
    ].map((choice) => ({ ...choice, bytes: memoryFor(model, batch, choice) }));
    for (const [i, choice] of order.entries()) {
      expect(chooseMemory(model, batch, {}, { budgetBytes: choice.bytes })).toEqual(choice);
      const next = order[i + 1];
      if (next !== undefined) expect(chooseMemory(model, batch, {}, { budgetBytes: choice.bytes - 1 })).toEqual(next);
    }
    const least = order.at(-1)?.bytes ?? 0;
    const refusal = () => chooseMemory(model, batch, {}, { budgetBytes: least - 1 });
    expect(refusal).toThrow(expect.toSatisfy((error) => isPolError(error, 'RUN_TOO_LARGE')));
    expect(refusal).toThrow(least.toLocaleString('en-US'));
    expect(refusal).toThrow(/--checkpointing on.*--micro-batch.*--model-size.*--memory/);
  });

  test('asks the backend, which may give less than the machine has', async () => {
    const reference = createReferenceBackend();
    const limit = memoryFor(model, batch, { microBatch: 2, checkpointing: true });
    const backend: Backend = {
      ...reference,
      createArena(words) {
        if (words * 4 > limit) throw numericsError('NUMERICS_OUT_OF_MEMORY', 'too much');
        return reference.createArena(16);
      },
    };
    const budgetBytes = 4000 * MEBIBYTE;
    expect(chooseMemory(model, batch, {}, { budgetBytes, backend })).toMatchObject({ microBatch: 2, checkpointing: true, bytes: limit });
    expect(() => chooseMemory(model, batch, { checkpointing: false }, { budgetBytes, backend })).toThrow(/backend reference cannot give/);
  });

  test('keeps to what was asked for', () => {
    expect(choose(4000, { microBatch: 5, checkpointing: true })).toMatchObject({ microBatch: 5, checkpointing: true });
    expect(choose(4000, { microBatch: 99 }).microBatch).toBe(batch);
    expect(choose(560, { checkpointing: true }).checkpointing).toBe(true);
    expect(() => choose(560, { checkpointing: false })).toThrow();
    expect(() => choose(600, { microBatch: 16 })).toThrow();
  });

  test.each([
    // Parameters decide.
    { checkpointing: false, parameters: 16_000_000, contextLength: 64 },
    // Activations decide, and then what is left of them.
    { checkpointing: false, parameters: 3_000_000, contextLength: 512 },
    { checkpointing: true, parameters: 16_000_000, contextLength: 512 },
  ])(
    'what training a model takes is what was predicted, within a tenth: $parameters parameters, checkpointing $checkpointing',
    async ({ checkpointing, parameters, contextLength }) => {
      const config = modelConfigForSize(parameters, { contextLength });
      const learning = { ...DEFAULT_LEARNING, batch_size: 4, init_seed: '0x' };
      const predicted = chooseMemory(config, learning.batch_size, { microBatch: 4, checkpointing }, { budgetBytes: 4000 * MEBIBYTE });
      const backend = await selectBackend({ wanted: 'auto', threads: 1 });
      const before = process.memoryUsage.rss();
      const engine = createTrainingEngine({ ...predicted, model: config, learning }, { backend });
      engine.weights.fill(0.01);
      engine.step(new Int32Array(4 * (contextLength + 1)).fill(7), { adamStep: 1, learningRate: 0 });
      const grown = process.memoryUsage.rss() - before;
      engine.release();
      expect(predicted.bytes).toBeGreaterThan(200 * MEBIBYTE);
      expect(grown / predicted.bytes).toBeGreaterThan(0.9);
      expect(grown / predicted.bytes).toBeLessThan(1.1);
    },
  );
});
