import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { findChromium, type JobResult, runInChromium } from '../../bench/browser/chromium.mjs';
import { runJob } from '../../bench/browser/job.mjs';
import * as pol from '../../src/browser.ts';
import { tinyLearning, tinyModel } from '../../src/model/test-shapes.ts';
import { listBackends, selectBackend } from '../../src/numerics/backends.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;
const STEPS = 100;
const job = { model: tinyModel, learning: tinyLearning, steps: STEPS };
const chromium = findChromium();
if (chromium === undefined) console.log('skipped: training in Chromium (none found; set POL_CHROMIUM or install one)');

async function inNode(name: string): Promise<JobResult> {
  return runJob(pol, await selectBackend({ wanted: name, threads: 1 }), job);
}

describe(`weights and moments after ${STEPS} steps`, () => {
  let expected: JobResult;
  beforeAll(async () => {
    expected = await inNode('reference');
  }, TIMEOUT_MS);

  test('are those of training that learns', () => {
    expect(expected.losses[1]).toBeLessThan(expected.losses[0]);
  });

  test.each(listBackends().filter((name) => name !== 'reference'))('%s in Node has the bits of the reference', async (name) => {
    expect((await inNode(name)).hash).toBe(expected.hash);
  });

  test.skipIf(chromium === undefined)(
    'Chromium has the bits of the reference',
    async () => {
      const { hash, losses } = await runInChromium(chromium as string, job, { timeoutMs: TIMEOUT_MS - 10_000 });
      expect({ hash, losses }).toEqual({ hash: expected.hash, losses: expected.losses });
    },
    TIMEOUT_MS,
  );
});

describe('pol-node/browser', () => {
  /** Files reached from `file` by imports that remain in the build, and whatever is imported by a bare name. */
  function reach(file: string, files = new Set<string>(), bare = new Set<string>()) {
    if (files.has(file)) return { files, bare };
    files.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, name] of text.matchAll(/^\s*(?:import|export)\b(?! type)[^;]*?from '([^']+)'|^import '([^']+)'/gm)) {
      if (name === undefined) continue;
      if (name.startsWith('.')) reach(resolve(dirname(file), name), files, bare);
      else bare.add(name);
    }
    return { files, bare };
  }

  test('reaches no module of Node and no package', () => {
    const { files, bare } = reach(resolve(root, 'src/browser.ts'));
    expect([...bare]).toEqual([]);
    expect(files.size).toBeGreaterThan(15);
  });
});
