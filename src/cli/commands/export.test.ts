import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startApi } from '../../api/testing/node.ts';
import { GENESIS, playRound } from '../../chain/testing/network.ts';
import type { ServedModel } from '../../chain/view.ts';
import { MODEL, openCompletions } from '../../inference/testing/model.ts';
import { zeroVectorRoot } from '../../learning/chunks.ts';
import { openCheckpoint } from '../../model/formats/open-checkpoint.ts';
import { createReferenceBackend } from '../../numerics/reference.ts';
import { runCommand } from '../testing/run-command.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';

/** A node whose model is this one with some facts changed, and `pol-node export` from it. */
async function setUp(change: Partial<ServedModel>, genesis: object = { ...GENESIS, model: MODEL }) {
  const { completions, served } = await openCompletions(MODEL, createReferenceBackend());
  const told = { ...served, ...change };
  const api = await startApi({ completions: { ...completions, settledModel: async () => told, servedModel: async () => told } });
  const directory = temporaryDirectory();
  // The chain of the tests is another model's: only its genesis is replaced.
  const answer: typeof fetch = async (input, init) => (String(input).endsWith('/genesis') ? Response.json(genesis) : fetch(input, init));
  const run = (...argv: string[]) =>
    runCommand(['export', '--url', api.url, '--output', 'out', ...argv], { workingDirectory: directory, fetch: answer });
  return { api, run, served, directory };
}

describe('export from a running node', () => {
  it('writes the weights it serves, whose root it checks', async () => {
    const { run, served, directory } = await setUp({ round: -1 });
    expect(await run('--name', 'served')).toMatchObject({ code: 0, out: expect.stringContaining('wrote out: ') });
    const weights = await readFile(served.weightsPath);
    const found = new Float32Array(weights.length / 4);
    const checkpoint = await openCheckpoint(join(directory, 'out'));
    await checkpoint.readWeights(found);
    await checkpoint.close();
    expect(Buffer.from(found.buffer).equals(weights)).toBe(true);
  });

  it('refuses vectors that are not the model’s, and a model that its chain did not settle', async () => {
    const other = await setUp({ round: -1, weightsRoot: zeroVectorRoot(1) });
    expect(await other.run()).toMatchObject({ code: 1, err: expect.stringContaining('is not made of the vectors it names') });
    const { api, run } = await setUp({ round: 1 });
    await playRound(api);
    expect(await run()).toMatchObject({
      code: 1,
      err: expect.stringMatching(/its chain settled model 0x\w+ in round 1, and it serves 0x/),
    });
  });
});
