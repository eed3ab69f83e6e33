import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../params/load-config.ts';
import { runCli } from '../run-cli.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { testIo } from '../testing/test-io.ts';
import { configJsonSchema } from './generate-config.ts';

const REPOSITORY_CONFIG = new URL('../../../config/', import.meta.url);

describe('generate-config', () => {
  it('writes what the flags say, and a file that `run` reads', async () => {
    const directory = temporaryDirectory();
    const io = testIo({ workingDirectory: directory });
    const argv = [
      'generate-config',
      '--output',
      'my_config.json',
      '--node-id',
      'my-custom-node',
      '--port',
      '8000',
      '--is-authority',
      '--threads',
      '2',
    ];
    expect(await runCli([...argv, '--boot-nodes', 'localhost:8001,localhost:8002', '--boot-nodes', 'c:3', '--data-dir', 'd'], io)).toBe(0);
    const path = join(directory, 'my_config.json');
    const text = readFileSync(path, 'utf8');
    expect(JSON.parse(text)).toEqual({
      node_id: 'my-custom-node',
      port: 8000,
      api_port: 8080,
      is_authority: true,
      boot_nodes: ['localhost:8001', 'localhost:8002', 'c:3'],
      data_dir: 'd',
      training_enabled: false,
      threads: 2,
    });
    expect(loadConfig({ file: { path, text }, workingDirectory: '/' })).toMatchObject({ threads: 2, data_dir: join(directory, 'd') });
    expect(await runCli(argv, io)).toBe(1);
    expect(io.errors()).toMatch(/my_config\.json exists; give --force/);
    expect(await runCli([...argv, '--force'], io)).toBe(0);
  });

  it('prints without --output, with --no-training as well', async () => {
    const io = testIo({ workingDirectory: temporaryDirectory() });
    expect(await runCli(['generate-config', '--training'], io)).toBe(0);
    expect(JSON.parse(io.output())).toMatchObject({ node_id: 'node', training_enabled: true, data_dir: './data/node' });
    const off = testIo();
    await runCli(['generate-config', '--no-training'], off);
    expect(JSON.parse(off.output())).toMatchObject({ training_enabled: false });
  });

  it('writes the schema and points to it', async () => {
    const directory = temporaryDirectory();
    const io = testIo({ workingDirectory: directory });
    expect(await runCli(['generate-config', '--output', 'c.json', '--schema', 's.json'], io)).toBe(0);
    const schema = JSON.parse(readFileSync(join(directory, 's.json'), 'utf8'));
    expect(schema).toMatchObject({ additionalProperties: false, properties: { port: { type: 'integer', maximum: 65535 } } });
    expect(schema.required ?? []).toEqual([]);
    expect(JSON.parse(readFileSync(join(directory, 'c.json'), 'utf8')).$schema).toBe('s.json');
  });
});

describe('the shipped configuration', () => {
  it('loads, and trains', () => {
    const path = 'production_config.json';
    const text = readFileSync(new URL(path, REPOSITORY_CONFIG), 'utf8');
    expect(loadConfig({ file: { path: `/r/config/${path}`, text }, workingDirectory: '/' })).toMatchObject({
      training_enabled: true,
      data_dir: '/r/data/production',
    });
  });

  it('has the schema of this version beside it (pol-node generate-config --schema)', () => {
    expect(JSON.parse(readFileSync(new URL('node-config.schema.json', REPOSITORY_CONFIG), 'utf8'))).toEqual(configJsonSchema());
  });
});
