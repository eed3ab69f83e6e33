import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeDataset } from '../data/dataset.ts';
import type { Genesis } from '../params/genesis.ts';
import { toHex } from '../primitives/bytes.ts';
import { createFileBlobStore } from '../store/blobs.ts';
import { learningDirectory } from './files.ts';
import { openOpenings } from './openings.ts';
import { createLearningService } from './service.ts';
import { assignmentOf, copyBlobs, sealedList, sourceFrom, summary, temporaryDirectory, testGenesis, trainRound } from './test-network.ts';

/** A network on a real text, with the smallest vocabulary there is. */
async function textNetwork() {
  const directory = await temporaryDirectory();
  const source = `file:${join(directory, 'text.txt')}`;
  await writeFile(
    join(directory, 'text.txt'),
    Array.from({ length: 400 }, (_, i) => `Line ${i} of a text that says ${i % 7} things.\n`).join(''),
  );
  const model = { ...testGenesis.model, vocab_size: 256, context_length: 8 };
  const datasetCache = join(directory, 'cache');
  const described = await describeDataset(
    { source, vocabSize: model.vocab_size, contextLength: model.context_length, cacheDirectory: datasetCache },
    { baseDirectory: directory },
  );
  const genesis: Genesis = {
    ...testGenesis,
    model,
    data: { source, root: toHex(described.root), tokens: described.tokens, held_out_tokens: described.heldOutTokens },
  };
  async function open(backend: string, changed: Genesis = genesis) {
    const blobs = createFileBlobStore(await temporaryDirectory());
    const options = {
      genesis: changed,
      directory: await temporaryDirectory(),
      backend,
      threads: 1,
      datasetCache,
      baseDirectory: directory,
    };
    const service = await createLearningService(options, { blobs });
    onTestFinished(() => service.close());
    const openings = await openOpenings({ genesis: changed, directory: learningDirectory(options.directory) }, { blobs });
    return { ...service, ...openings, blobs };
  }
  return { genesis, open };
}

describe('createLearningService', () => {
  it('makes the same models on every backend, and each accepts the other’s proofs', async () => {
    const { open } = await textNetwork();
    const fast = await open('wasm');
    const slow = await open('reference');
    expect(fast.backendName).toBe('wasm');
    expect(await fast.current()).toEqual(await slow.current());

    const assignment = await assignmentOf(fast, 1, [1, 2]);
    const proof = await trainRound(fast, assignment);
    expect(await trainRound(slow, assignment)).toEqual(proof);
    expect(summary(await slow.check(proof, assignment, [1, 3], sourceFrom(fast, slow.blobs)))).toEqual('held');
    expect(summary(await fast.check(proof, assignment, [0, 2], sourceFrom(slow, fast.blobs)))).toEqual('held');

    await copyBlobs(fast.blobs, slow.blobs);
    for (const node of [fast, slow]) {
      await node.commitBoundary({ round: 0, accepted: [], sealed: sealedList(proof) });
      await node.commitBoundary({ round: 1, accepted: sealedList(proof), sealed: [] });
    }
    expect(await fast.current()).toEqual(await slow.current());
    expect(await fast.evaluate()).toEqual(await slow.evaluate());
  });

  it('refuses a text that is not the genesis’s', async () => {
    const { genesis, open } = await textNetwork();
    const other = { ...genesis, data: { ...genesis.data, root: `0x${'00'.repeat(32)}` } };
    await expect(open('reference', other)).rejects.toEqual(expect.objectContaining({ code: 'DATA_ROOT_MISMATCH' }));
  });

  it('refuses a backend that does not exist', async () => {
    const { open } = await textNetwork();
    await expect(open('abacus')).rejects.toEqual(expect.objectContaining({ code: 'NUMERICS_BACKEND_UNAVAILABLE' }));
  });
});
