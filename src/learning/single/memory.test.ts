import { describe, expect, test } from 'vitest';
import { modelConfigForSize } from '../../model/shape.ts';
import { createTrainingEngine } from '../../model/training-engine.ts';
import type { Backend } from '../../numerics/backend.ts';
import { selectBackend } from '../../numerics/backends.ts';
import { numericsError } from '../../numerics/errors.ts';
import { createReferenceBackend } from '../../numerics/reference.ts';
import { DEFAULT_LEARNING } from '../../params/network-defaults.ts';
import { isPolError } from '../../primitives/errors.ts';
import { chooseMemory, memoryFor } from './memory.ts';

const MEBIBYTE = 2 ** 20;

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

  test('what training a model takes is what was predicted, within a tenth', async () => {
    const config = modelConfigForSize(16_000_000, { contextLength: 64 });
    const learning = { ...DEFAULT_LEARNING, batch_size: 4, init_seed: '0x' };
    const predicted = chooseMemory(config, learning.batch_size, {}, { budgetBytes: 4000 * MEBIBYTE });
    const backend = await selectBackend({ wanted: 'auto', threads: 1 });
    const before = process.memoryUsage.rss();
    const engine = createTrainingEngine({ ...predicted, model: config, learning }, { backend });
    engine.weights.fill(0.01);
    engine.step(new Int32Array(4 * 65).fill(7), { adamStep: 1, learningRate: 0 });
    const grown = process.memoryUsage.rss() - before;
    engine.release();
    expect(predicted.bytes).toBeGreaterThan(256 * MEBIBYTE);
    expect(grown / predicted.bytes).toBeGreaterThan(0.9);
    expect(grown / predicted.bytes).toBeLessThan(1.1);
  });
});
