import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exactnessCase } from '../../model/exactness-case.ts';
import { initialiseWeights } from '../../model/initialise.ts';
import { philox4x32 } from '../../model/philox.ts';
import { stateHash } from '../../model/test-hash.ts';
import { createTrainingEngine } from '../../model/training-engine.ts';
import { listBackends, selectBackend } from '../../numerics/backends.ts';
import { openCheckpoints } from './checkpoints.ts';

const { model, learning, seed, steps, learningRate } = exactnessCase;
const compiled = listBackends().filter((name) => name !== 'reference');

/** A step from 1 to steps − 1, drawn for each backend from a fixed seed. */
function stopFor(index: number): number {
  const words = new Uint32Array(4);
  philox4x32(Uint32Array.of(index, 0, 0, 0), Uint32Array.of(7, 7), words);
  return 1 + ((words[0] as number) % (steps - 1));
}

// The other axes of the same case are src/model/cross-backend.test.ts.
test.each(compiled.map((name, i) => [name, compiled[(i + 1) % compiled.length] as string, stopFor(i)] as const))(
  '%s, resumed on %s after step %i through a checkpoint’s files, has the one hash',
  async (before, after, stop) => {
    const directory = await mkdtemp(join(tmpdir(), 'pol-exactness-'));
    try {
      const train = async (name: string, threads: number, memory: { microBatch: number; checkpointing: boolean }, last: number) => {
        const engine = createTrainingEngine({ model, learning, ...memory }, { backend: await selectBackend({ wanted: name, threads }) });
        const checkpoints = await openCheckpoints({ directory }, { now: () => 0 });
        const restored = await checkpoints.restore(engine, () => {});
        if (restored === undefined) initialiseWeights(model, seed, engine.weights);
        const from = restored?.step ?? 0;
        for (let step = from + 1; step <= last; step++) engine.step(exactnessCase.tokens(step), { adamStep: step, learningRate });
        const { weights, firstMoment, secondMoment } = engine;
        await checkpoints.save({ weights, firstMoment, secondMoment, step: last }, undefined);
        const hash = stateHash(engine);
        engine.release();
        return { from, hash };
      };
      const first = await train(before, 2, { microBatch: 4, checkpointing: false }, stop);
      expect(first.hash).not.toBe(exactnessCase.stateHash);
      const second = await train(after, 1, { microBatch: 2, checkpointing: true }, steps);
      expect(second).toEqual({ from: stop, hash: exactnessCase.stateHash });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
);
