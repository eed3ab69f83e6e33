import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HeldModel } from '../learning/types.ts';
import { createServedModels } from './served-models.ts';

async function setUp(kept: number) {
  const directory = await mkdtemp(join(tmpdir(), 'pol-served-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const held = async (number: number): Promise<HeldModel> => {
    const root = new Uint8Array(32).fill(number);
    const path = join(directory, `held-${number}`);
    await writeFile(path, Uint8Array.of(number, 0, 0, 0));
    return { modelRoot: root, weights: { root, path }, momentum: { root, path } };
  };
  return { held, served: createServedModels({ directory: join(directory, 'served'), kept }) };
}

describe('createServedModels', () => {
  it('keeps weights that the learning engine has dropped, the newest of them', async () => {
    const { held, served } = await setUp(2);
    const models = [];
    for (const number of [1, 2, 3]) {
      const model = await held(number);
      models.push(model);
      const kept = await served.keep(model, number);
      expect(await served.keep(model, number)).toEqual(kept);
      await rm(model.weights.path);
      expect(await readFile(kept.weightsPath)).toEqual(Buffer.of(number, 0, 0, 0));
    }
    const [first, second, third] = models as [HeldModel, HeldModel, HeldModel];
    expect(await served.find(first.modelRoot)).toBeUndefined();
    expect(await served.find(second.modelRoot)).toMatchObject({ round: 2, weightsRoot: second.weights.root });
    expect((await served.find(third.modelRoot))?.weightsPath).toMatch(/0303\.f32$/);
  });

  it('asks again when the held file is gone before it was linked', async () => {
    const { held, served } = await setUp(2);
    const model = await held(1);
    await rm(model.weights.path);
    await expect(served.keep(model, 1)).rejects.toMatchObject({ code: 'INFERENCE_WEIGHTS_GONE' });
    await writeFile(model.weights.path, Uint8Array.of(9));
    expect(await served.keep(model, 1)).toMatchObject({ round: 1 });
  });
});
