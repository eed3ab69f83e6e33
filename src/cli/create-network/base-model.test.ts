import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLearningService } from '../../learning/service.ts';
import { assignmentOf, sealedList, trainRound } from '../../learning/test-network.ts';
import { parseGenesis } from '../../params/genesis.ts';
import { createFileBlobStore } from '../../store/blobs.ts';
import { NEW_RUN, runCommand, TEXT } from '../testing/run-command.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';

const TRAINED_ROUNDS = 2;
const SEGMENTS = 8;

/** A folder in which commands run, and must succeed. */
function workspace() {
  const directory = temporaryDirectory();
  const run = async (...argv: string[]) => {
    const result = await runCommand(argv, { workingDirectory: directory });
    if (result.code !== 0) throw new Error(`${argv.join(' ')}: ${result.err}`);
    return result.out;
  };
  const genesisOf = (name: string) => parseGenesis(JSON.parse(readFileSync(join(directory, name, 'genesis.json'), 'utf8')));
  async function learning(name: string) {
    const blobs = createFileBlobStore(temporaryDirectory());
    // Where create-network's configurations have it: two folders below the genesis.
    const own = join(directory, name, 'data', 'node');
    const options = {
      genesis: genesisOf(name),
      directory: own,
      backend: 'wasm',
      threads: 1,
      datasetCache: join(directory, name, 'data', 'datasets'),
      assets: [join(directory, name, 'assets')],
    };
    const service = await createLearningService(options, { blobs });
    onTestFinished(() => service.close());
    return { ...service, directory: own };
  }
  return { directory, run, genesisOf, learning };
}

const ONE_NODE = ['--authorities', '1', '--nodes', '0', '--data', `file:${TEXT}`];

describe('create-network --base-model', () => {
  it.each(['hf', 'gguf'])('starts at the loss of the imported model (%s), which then falls', async (format) => {
    const { run, learning, genesisOf, directory } = workspace();
    await run('train', '--out', 'run', ...NEW_RUN, '--steps', '60');
    await run('export', '--model', 'run', '--format', format, '--output', 'out');
    await run('create-network', '--dir', 'net', ...ONE_NODE, '--base-model', 'out', '--learning-rate', '0.002', '--batch-size', '4');
    expect(genesisOf('net').model.vocab_size).toBe(1024);
    const measured = JSON.parse(await run('eval', '--model', 'run', '--sequences', '64', '--json')) as {
      loss: number;
      weights_root: string;
    };
    expect(genesisOf('net').base_model).toEqual({ weights_root: measured.weights_root });
    expect(existsSync(join(directory, 'net', 'assets', `${measured.weights_root.slice(2)}.f32`))).toBe(true);

    const service = await learning('net');
    const start = await service.evaluate();
    expect(start.loss).toBe(measured.loss);
    for (let round = 0; round < 2 * TRAINED_ROUNDS; round += 2) {
      const proof = await trainRound(service, await assignmentOf(service, 1, [1]), SEGMENTS);
      await service.commitBoundary({ round, accepted: [], sealed: sealedList(proof) });
      await service.commitBoundary({ round: round + 1, accepted: sealedList(proof), sealed: [] });
    }
    const end = await service.evaluate();
    expect(end.loss).toBeLessThan(start.loss);

    // The settled model leaves again, with where it comes from.
    await run('export', '--model', service.directory, '--output', 'settled');
    const lineage = JSON.parse(readFileSync(join(directory, 'settled', 'lineage.json'), 'utf8'));
    expect(lineage).toMatchObject({ kind: 'network', open_round: 2 * TRAINED_ROUNDS, base_weights_root: measured.weights_root });
  });

  it('takes a run’s folder, a shorter context, and refuses flags that the model decides', async () => {
    const { run, genesisOf } = workspace();
    await run('train', '--out', 'run', ...NEW_RUN);
    await run('create-network', '--dir', 'net', ...ONE_NODE, '--base-model', 'run', '--context-length', '8');
    expect(genesisOf('net').model.context_length).toBe(8);
    await expect(run('create-network', '--dir', 'no', ...ONE_NODE, '--base-model', 'run', '--vocab-size', '512')).rejects.toThrow(
      '--vocab-size',
    );
    await expect(run('create-network', '--dir', 'no', ...ONE_NODE, '--base-model', 'nothing')).rejects.toThrow('nothing');
  });

  it('does not start without the weights, or with others', async () => {
    const { run, learning, genesisOf, directory } = workspace();
    await run('train', '--out', 'run', ...NEW_RUN);
    await run('create-network', '--dir', 'net', ...ONE_NODE, '--base-model', 'run');
    const path = join(directory, 'net', 'assets', `${genesisOf('net').base_model?.weights_root.slice(2)}.f32`);
    const bytes = readFileSync(path);
    bytes[5] = 255 - (bytes[5] as number);
    writeFileSync(path, bytes);
    await expect(learning('net')).rejects.toMatchObject({ code: 'LEARNING_ASSET_MISSING' });
  });
});

describe('--tokenizer bpe', () => {
  it('learns one for a network; its files stand in the genesis by their hashes', async () => {
    const { run, genesisOf, learning, directory } = workspace();
    const shape = ['--vocab-size', '400', '--context-length', '16', '--model-size', '100000', '--batch-size', '4'];
    await run('create-network', '--dir', 'net', ...ONE_NODE, '--tokenizer', 'bpe', ...shape);
    await run('create-network', '--dir', 'again', ...ONE_NODE, '--tokenizer', 'bpe', ...shape);
    const { tokenizer, data, model } = genesisOf('net');
    expect(model.vocab_size).toBe(400);
    expect(tokenizer.kind).toBe('file');
    expect(genesisOf('again')).toMatchObject({ tokenizer, data });
    expect(readdirSync(join(directory, 'net', 'assets'))).toHaveLength(2);
    expect((await (await learning('net')).evaluate()).loss).toBeGreaterThan(1);
  });

  it('learns one for a run, resumes with it, and exports it', async () => {
    const { run, directory } = workspace();
    const flags = [
      '--data',
      TEXT,
      '--vocab-size',
      '400',
      '--context-length',
      '16',
      '--model-size',
      '100000',
      '--batch-size',
      '4',
      '--threads',
      '1',
    ];
    await run('train', '--out', 'run', ...flags, '--tokenizer', 'bpe', '--steps', '4');
    await run('train', '--out', 'run', '--steps', '6', '--threads', '1');
    await expect(run('train', '--out', 'run', '--tokenizer', 'gpt2', '--threads', '1')).rejects.toThrow('--tokenizer');
    expect(JSON.parse(await run('eval', '--model', 'run', '--json'))).toMatchObject({ step: 6 });
    for (const format of ['hf', 'gguf']) {
      await run('export', '--model', 'run', '--format', format, '--output', `out-${format}`);
      await run('import', `out-${format}`, '--output', `back-${format}`);
      const [own, back] = ['run', `back-${format}`].map((folder) => readFileSync(join(directory, folder, 'tokenizer.json'), 'utf8'));
      expect(back).toBe(own);
    }
    // The exported tokenizer tokenises another run's text.
    await run('train', '--out', 'other', ...flags.slice(0, 2), ...flags.slice(4), '--tokenizer', 'out-hf', '--steps', '2');
    expect(JSON.parse(readFileSync(join(directory, 'other', 'run.json'), 'utf8'))).toMatchObject({
      config: { model: { vocab_size: 400 } },
    });
  });
});
