import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gpt2Bundle } from '../../data/tokenizers/bundle.ts';
import { openStoredModel } from '../../learning/stored-model.ts';
import type { TensorType } from '../../model/formats/encoding.ts';
import { initialiseWeights } from '../../model/initialise.ts';
import { parameterLayout } from '../../model/layout.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { runCommand } from '../testing/run-command.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { writeImported } from './import.ts';

const TIED: ModelConfig = {
  vocab_size: 300,
  dim: 32,
  layers: 2,
  heads: 4,
  kv_heads: 2,
  hidden_dim: 64,
  context_length: 16,
  tied_embeddings: true,
  rope_theta: 10_000,
  norm_eps: 1e-5,
};
const SHAPES: readonly (readonly [string, ModelConfig])[] = [
  ['tied', TIED],
  [
    'untied, one key head, odd widths',
    { ...TIED, tied_embeddings: false, kv_heads: 1, hidden_dim: 48, rope_theta: 500_000, norm_eps: 1e-6 },
  ],
];
const LINEAGE = { kind: 'test', round: 3, note: ['ä', 1] };

async function makeModel(directory: string, config: ModelConfig): Promise<Float32Array> {
  const weights = new Float32Array(parameterLayout(config).count);
  initialiseWeights(config, new Uint8Array(32).fill(3), weights);
  await writeImported(join(directory, 'model'), { config, weights, tokenizer: await gpt2Bundle(config.vocab_size), lineage: LINEAGE });
  return weights;
}

async function weightsOf(directory: string) {
  const stored = await openStoredModel(directory, { now: () => 0 });
  const weights = new Float32Array(parameterLayout(stored.config).count);
  await stored.readWeights(weights);
  return { stored, weights };
}

describe.each(SHAPES)('export and import: %s', (_, config) => {
  it.each(['hf', 'gguf'])('%s in f32 gives every byte back', async (format) => {
    const directory = temporaryDirectory();
    const weights = await makeModel(directory, config);
    const run = (...argv: string[]) => runCommand(argv, { workingDirectory: directory });
    expect(await run('export', '--model', 'model', '--format', format, '--output', 'out')).toMatchObject({ code: 0 });
    expect(await run('import', 'out', '--output', 'again')).toMatchObject({ code: 0 });
    const { stored, weights: again } = await weightsOf(join(directory, 'again'));
    expect(stored).toMatchObject({ config, tokenizer: { kind: 'gpt2' }, lineage: LINEAGE });
    expect(Buffer.from(again.buffer).equals(Buffer.from(weights.buffer))).toBe(true);

    expect(await run('export', '--model', 'again', '--format', format, '--output', 'out2', '--name', 'model')).toMatchObject({ code: 0 });
    const names = format === 'gguf' ? ['.'] : await readdir(join(directory, 'out'));
    for (const name of names) {
      const [first, second] = await Promise.all(['out', 'out2'].map((folder) => readFile(join(directory, folder, name))));
      expect(first?.equals(second as Buffer)).toBe(true);
    }
  });

  it.each([
    ['hf', 'f16'],
    ['hf', 'bf16'],
    ['gguf', 'f16'],
    ['gguf', 'bf16'],
    ['gguf', 'q8_0'],
  ] as const)('%s in %s is near; what it rounded to once stays', async (format, type: TensorType) => {
    const directory = temporaryDirectory();
    const weights = await makeModel(directory, config);
    const run = (...argv: string[]) => runCommand(argv, { workingDirectory: directory });
    for (const [from, file, to] of [
      ['model', 'a', 'first'],
      ['first', 'b', 'second'],
    ] as const) {
      expect(await run('export', '--model', from, '--format', format, '--type', type, '--output', file)).toMatchObject({ code: 0 });
      expect(await run('import', file, '--output', to)).toMatchObject({ code: 0 });
    }
    const [{ weights: first }, { weights: second }] = [
      await weightsOf(join(directory, 'first')),
      await weightsOf(join(directory, 'second')),
    ];
    const tolerance = type === 'q8_0' ? 2 ** -7 : 2 ** -8;
    const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    const worst = first.reduce((most, weight, i) => Math.max(most, Math.abs(weight - (weights[i] as number))), 0);
    expect(worst).toBeLessThanOrEqual(tolerance * largest);
    if (type !== 'q8_0') expect(second).toEqual(first);
  });
});

describe('import', () => {
  it('reads shards by their index', async () => {
    const directory = temporaryDirectory();
    const weights = await makeModel(directory, TIED);
    const run = (...argv: string[]) => runCommand(argv, { workingDirectory: directory });
    await run('export', '--model', 'model', '--output', 'out');
    const names = parameterLayout(TIED).tensors.map(({ name }) => name);
    await rename(join(directory, 'out', 'model.safetensors'), join(directory, 'out', 'model-00001-of-00001.safetensors'));
    const index = { metadata: {}, weight_map: Object.fromEntries(names.map((name) => [name, 'model-00001-of-00001.safetensors'])) };
    await writeFile(join(directory, 'out', 'model.safetensors.index.json'), JSON.stringify(index));
    expect(await run('import', 'out', '--output', 'again')).toMatchObject({ code: 0 });
    expect((await weightsOf(join(directory, 'again'))).weights).toEqual(weights);

    await writeFile(join(directory, 'out', 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: '../x.safetensors' } }));
    const refused = await run('import', 'out', '--output', 'third');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('weight_map');
  });

  it('does not overwrite, and names what is missing', async () => {
    const directory = temporaryDirectory();
    await makeModel(directory, TIED);
    const run = (...argv: string[]) => runCommand(argv, { workingDirectory: directory });
    expect((await run('export', '--model', 'model', '--format', 'gguf', '--output', 'model/model.json')).err).toContain('--force');
    expect((await run('export', '--model', 'nothing', '--output', 'out')).err).toContain('holds no model');
    expect((await run('export', '--model', 'model', '--type', 'q8_0', '--output', 'out')).code).toBe(2);
    expect((await run('import', 'nothing', '--output', 'out')).err).toContain('nothing');
    expect((await run('import', 'model', '--output', 'out')).err).toContain('config.json');
  });
});
