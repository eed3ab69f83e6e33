import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Dataset } from '../../data/types.ts';
import { tinyLearning, tinyModel } from '../../model/test-shapes.ts';
import type { TrainingMemoryOptions } from '../../model/training-plan.ts';
import { selectBackend } from '../../numerics/backends.ts';
import { toHex } from '../../primitives/bytes.ts';
import { isPolError } from '../../primitives/errors.ts';
import type { RunConfig } from './run-config.ts';
import { openRunDirectory, readRun } from './run-directory.ts';
import { type LoopObserver, trainLoop } from './train-loop.ts';
import { openTrainingRun, withTotalSteps } from './training-run.ts';

const STEPS = 30;
const backend = await selectBackend({ wanted: 'auto', threads: 1 });
const { init_seed: _seed, outer_learning_rate: _rate, outer_momentum: _momentum, ...learning } = tinyLearning;
const config: RunConfig = {
  seed: 7,
  data: { source: 'file:text', root: `0x${'00'.repeat(32)}`, tokens: 1000, held_out_tokens: 100 },
  tokenizer: { kind: 'gpt2' },
  model: { ...tinyModel, vocab_size: 256 },
  learning: { ...learning, batch_size: 4, warmup_steps: 3, total_steps: STEPS, decay_fraction: 0.3 },
};
/** 50 sequences, so that 30 steps of 4 run over two epochs' ends. */
const dataset: Dataset = {
  root: new Uint8Array(32),
  tokenCount: 1000,
  trainingSequences: 50,
  heldOutSequences: 3,
  readTraining: (index, out, offset) => fill(index, out, offset),
  readHeldOut: (index, out, offset) => fill(1000 + index, out, offset),
};
function fill(index: number, out: Int32Array, offset: number): void {
  for (let i = 0; i <= tinyModel.context_length; i++) out[offset + i] = (index * 5 + i * 3) % 37;
}
const observer: LoopObserver = { onStep() {}, onHeldOut() {}, onSaved() {} };
const failsWith = (code: string) => expect.toSatisfy((error) => isPolError(error, code)) as Error;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pol-run-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

interface Session {
  /** Stop as if by Ctrl-C after this step. */
  readonly stopAfter?: number;
  /** End as if killed after this step: nothing more is written. */
  readonly killAfter?: number;
  readonly saveEvery?: number;
  readonly memory?: TrainingMemoryOptions;
  readonly config?: RunConfig;
}

class Killed extends Error {}

/** One life of the program over the directory. */
async function train(path: string, session: Session = {}) {
  const used = session.config ?? config;
  const held = await openRunDirectory(path, { now: Date.now });
  const damaged: number[] = [];
  const losses: number[] = [];
  const stop = new AbortController();
  try {
    const run = await openTrainingRun(
      { config: used, memory: session.memory ?? {} },
      { directory: held, backend, dataset, program: 'test 1', now: Date.now, onDamaged: ({ step }) => damaged.push(step) },
    );
    const from = run.step;
    const onStep: LoopObserver['onStep'] = ({ step, loss }) => {
      losses.push(loss);
      if (step === session.stopAfter) stop.abort();
      if (step === session.killAfter) throw new Killed();
    };
    const rhythm = { evalEvery: 10, saveEvery: { steps: session.saveEvery ?? 1000 } };
    const complete = await trainLoop(
      run,
      { totalSteps: used.learning.total_steps, rhythm },
      { observer: { ...observer, onStep }, stop: stop.signal, now: Date.now },
    ).catch((error: unknown) => {
      if (error instanceof Killed) return false;
      throw error;
    });
    const result = { from, step: run.step, complete, root: toHex(run.root()), heldOut: run.heldOut, damaged, losses };
    run.release();
    return result;
  } finally {
    await held.release();
  }
}

const straight = await (async () => {
  const path = await mkdtemp(join(tmpdir(), 'pol-run-'));
  const result = await train(path);
  await rm(path, { recursive: true });
  return result;
})();

describe('a run', () => {
  test('learns, measures at the end and says where its weights come from', async () => {
    expect(straight.complete).toBe(true);
    expect(straight.losses.at(-1)).toBeLessThan((straight.losses[0] as number) / 2);
    await train(directory, { stopAfter: 4 });
    await train(directory);
    const { document, checkpoints } = await readRun(directory, { now: Date.now });
    expect(document?.lineage).toMatchObject([
      { event: 'started', step: 0, backend: backend.name },
      { event: 'resumed', step: 4, program: 'test 1' },
    ]);
    expect(document?.config).toEqual(config);
    expect(checkpoints.listed.map(({ step }) => step)).toEqual([30, 4]);
    expect(checkpoints.listed[0]).toMatchObject({ state_root: straight.root, held_out: straight.heldOut });
  });

  test('stopped and resumed at any steps has the bits of one that never stopped', async () => {
    const stops = fc.uniqueArray(fc.integer({ min: 1, max: STEPS - 1 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(stops, async (steps) => {
        const path = await mkdtemp(join(directory, 'run-'));
        const losses: number[] = [];
        for (const stopAfter of steps.sort((a, b) => a - b)) losses.push(...(await train(path, { stopAfter })).losses);
        const last = await train(path);
        expect({ ...last, losses: [...losses, ...last.losses], from: 0 }).toEqual(straight);
      }),
      { numRuns: 8, seed: 1 },
    );
  });

  test('killed at any step goes on from the last checkpoint, to the same bits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: STEPS - 1 }), fc.integer({ min: 1, max: 12 }), async (killAfter, saveEvery) => {
        const path = await mkdtemp(join(directory, 'run-'));
        await train(path, { killAfter, saveEvery });
        const last = await train(path);
        // Killed while the step was reported, before it could be saved.
        expect(last.from).toBe(Math.floor((killAfter - 1) / saveEvery) * saveEvery);
        expect(last.root).toBe(straight.root);
      }),
      { numRuns: 8, seed: 1 },
    );
  });

  test('the machine’s choices change no bit, not even between two sessions', async () => {
    await train(directory, { stopAfter: 11, memory: { microBatch: 1, checkpointing: true } });
    expect((await train(directory, { memory: { microBatch: 3 } })).root).toBe(straight.root);
  });
});

describe('checkpoints', () => {
  const tears: readonly (readonly [string, (path: string) => Promise<void>])[] = [
    ['weights cut short', (path) => truncate(join(path, 'weights-20.f32'), 100)],
    ['a flipped bit in the weights', (path) => flip(join(path, 'weights-20.f32'))],
    ['a flipped bit in the moments', (path) => flip(join(path, 'moments-20.f32'))],
    ['moments of zero bytes', (path) => writeFile(join(path, 'moments-20.f32'), '')],
    ['a missing file', (path) => rm(join(path, 'moments-20.f32'))],
  ];
  async function flip(path: string): Promise<void> {
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(77) ^ 1, 77);
    await writeFile(path, bytes);
  }

  test.each(tears)('%s: the checkpoint before is taken, and the run ends in the same bits', async (_name, tear) => {
    await train(directory, { stopAfter: 20, saveEvery: 10 });
    await tear(directory);
    const last = await train(directory);
    expect(last).toMatchObject({ from: 10, damaged: [20], root: straight.root });
  });

  test('a kill while files are written leaves the last checkpoint', async () => {
    await train(directory, { stopAfter: 10 });
    await writeFile(join(directory, 'weights-20.f32.tmp'), 'half');
    await writeFile(join(directory, 'weights-20.f32'), 'whole, but not in the manifest');
    await writeFile(join(directory, 'checkpoints.json.tmp'), '{');
    expect(await train(directory)).toMatchObject({ from: 10, damaged: [], root: straight.root });
    expect((await readdir(directory)).sort()).toEqual([
      'checkpoints.json',
      'moments-10.f32',
      'moments-30.f32',
      'run.json',
      'weights-10.f32',
      'weights-30.f32',
    ]);
  });

  test('when all are damaged the run is refused and nothing is deleted', async () => {
    await train(directory, { stopAfter: 20, saveEvery: 10 });
    await writeFile(join(directory, 'weights-20.f32'), '');
    await writeFile(join(directory, 'weights-10.f32'), '');
    const before = await readdir(directory);
    await expect(train(directory)).rejects.toEqual(failsWith('RUN_CHECKPOINT_DAMAGED'));
    expect(await readdir(directory)).toEqual(before);
  });

  test('weights alone are read and verified', async () => {
    await train(directory, { stopAfter: 20, saveEvery: 10 });
    const { document, checkpoints } = await readRun(directory, { now: Date.now });
    const weights = new Float32Array(document?.parameters ?? 0);
    await flip(join(directory, 'weights-20.f32'));
    const damaged: number[] = [];
    expect(await checkpoints.restoreWeights(weights, ({ step }) => damaged.push(step))).toMatchObject({ step: 10 });
    expect(damaged).toEqual([20]);
    expect(weights.some((value) => value !== 0)).toBe(true);
  });

  test('a manifest or description that does not parse is an error that names the file', async () => {
    await train(directory, { stopAfter: 2 });
    await writeFile(join(directory, 'checkpoints.json'), '{"format":');
    await expect(train(directory)).rejects.toEqual(failsWith('RUN_CHECKPOINT_DAMAGED'));
    await writeFile(join(directory, 'run.json'), '{"format":"pol-run-1","parameters":-1}');
    await expect(train(directory)).rejects.toThrow(/run\.json: parameters: /);
  });

  test('a directory trains once at a time', async () => {
    const held = await openRunDirectory(directory, { now: Date.now });
    await expect(train(directory)).rejects.toEqual(failsWith('RUN_IN_USE'));
    await held.release();
  });
});

describe('another length', () => {
  test('is allowed until the decay begins, and changes nothing before', async () => {
    const longer = { ...config, learning: { ...config.learning, total_steps: 40 } };
    await train(directory, { stopAfter: 15 });
    const changed = withTotalSteps(config, 40, 15);
    expect(changed).toEqual(longer);
    const prolonged = await train(directory, { config: changed });
    const { document } = await readRun(directory, { now: Date.now });
    expect(document?.lineage.map(({ event, step, total_steps }) => [event, step, total_steps])).toEqual([
      ['started', 0, undefined],
      ['steps-changed', 15, 40],
      ['resumed', 15, undefined],
    ]);
    const path = await mkdtemp(join(directory, 'whole-'));
    expect((await train(path, { config: longer })).root).toBe(prolonged.root);
  });

  test('is refused once a step would have had another learning rate', () => {
    expect(() => withTotalSteps(config, 40, 25)).toThrow(/learning\.total_steps: the run has 30 and did 25, and with 40 step 23/);
    expect(() => withTotalSteps(config, 14, 15)).toThrow(/learning\.total_steps: the run did 15 already, and 14 were asked for/);
  });
});
