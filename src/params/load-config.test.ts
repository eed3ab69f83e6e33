import { describe, expect, it } from 'vitest';
import { isPolError, messageOf } from '../primitives/errors.ts';
import { CONFIG_KEYS, type ConfigSources, environmentName, loadConfig } from './load-config.ts';

const HOME = '/home/pol';

function load(sources: Partial<ConfigSources>) {
  return loadConfig({ workingDirectory: HOME, ...sources });
}

function file(document: unknown, path = 'conf/node.json') {
  return { path, text: typeof document === 'string' ? document : JSON.stringify(document) };
}

function complaint(sources: Partial<ConfigSources>): string {
  try {
    load(sources);
  } catch (error) {
    expect(isPolError(error, 'CONFIG_INVALID')).toBe(true);
    return messageOf(error);
  }
  throw new Error('no error');
}

describe('loadConfig', () => {
  it('has defaults for everything', () => {
    expect(load({})).toMatchObject({
      node_id: 'node',
      port: 8000,
      api_port: 8080,
      api_host: '127.0.0.1',
      data_dir: '/home/pol/data',
      boot_nodes: [],
    });
  });

  it('reads the configuration of the project’s document', () => {
    const document = {
      node_id: 'my-node',
      port: 8000,
      is_authority: false,
      boot_nodes: ['localhost:8001', 'localhost:8002'],
      data_dir: './data/my-node',
      training_enabled: true,
      model_size: 1000000000,
      batch_size: 32,
      learning_rate: 0.0001,
    };
    expect(load({ file: file(document) })).toMatchObject({ ...document, data_dir: '/home/pol/conf/data/my-node' });
  });

  it('prefers flags to variables, variables to the file, the file to defaults', () => {
    const sources = {
      file: file({ port: 1, api_port: 1, threads: 3 }),
      environment: { POL_PORT: '2', POL_API_PORT: '2' },
      flags: { port: 3 },
    };
    expect(load(sources)).toMatchObject({ port: 3, api_port: 2, threads: 3, p2p_host: '127.0.0.1' });
  });

  it('has one variable a key, typed as the key is', () => {
    const environment = {
      POL_IS_AUTHORITY: 'yes',
      POL_TRAINING_ENABLED: '0',
      POL_BOOT_NODES: 'a:1, b:2',
      POL_LEARNING_RATE: '1e-4',
      POL_LOG_LEVEL: 'debug',
    };
    expect(load({ environment })).toMatchObject({
      is_authority: true,
      training_enabled: false,
      boot_nodes: ['a:1', 'b:2'],
      learning_rate: 1e-4,
      log_level: 'DEBUG',
    });
    expect(CONFIG_KEYS.map(environmentName)).toContain('POL_NODE_ID');
  });

  it('reads text flags like variables, and ignores those not given', () => {
    expect(load({ flags: { port: '9000', node_id: undefined, boot_nodes: ['x:1'] } })).toMatchObject({
      port: 9000,
      node_id: 'node',
      boot_nodes: ['x:1'],
    });
  });

  it('resolves paths where they were written', () => {
    const config = load({
      file: file({ data_dir: '../d', key_file: 'keys/a.json', genesis_file: '/g.json' }),
      environment: { POL_PASSWORD_FILE: 'pw' },
      flags: { dataset_cache: 'sets' },
    });
    expect(config).toMatchObject({
      data_dir: '/home/pol/d',
      key_file: '/home/pol/conf/keys/a.json',
      genesis_file: '/g.json',
      password_file: '/home/pol/pw',
      dataset_cache: '/home/pol/sets',
    });
    expect(load({ file: file({}) }).data_dir).toBe('/home/pol/conf/data');
  });

  it('keeps `$schema` out of the configuration', () => {
    expect(load({ file: file({ $schema: './schema.json' }) })).not.toHaveProperty('$schema');
  });

  it.each<[string, Partial<ConfigSources>, readonly string[]]>([
    ['an unknown key, with the nearest', { file: file({ boot_node: [] }) }, ['conf/node.json', '"boot_node"', 'did you mean "boot_nodes"']],
    ['an unknown key far from all', { file: file({ zzzzzzzz: 1 }) }, ['"zzzzzzzz"', 'known keys: node_id']],
    ['text that is not JSON', { file: file('{') }, ['conf/node.json', 'not JSON']],
    ['a list', { file: file([]) }, ['one JSON object']],
    ['a wrong type in the file', { file: file({ port: '8000' }) }, ['conf/node.json: port', 'expected number']],
    ['a port out of range', { flags: { port: '70000' } }, ['--port', '65535']],
    ['text for a number', { flags: { api_port: 'http' } }, ['--api-port', '"http" must be a number']],
    ['a blank for a number', { environment: { POL_PORT: ' ' } }, ['POL_PORT', 'must be a number']],
    ['a variable that is no boolean', { environment: { POL_IS_AUTHORITY: 'maybe' } }, ['POL_IS_AUTHORITY', 'true or false']],
    ['a misspelt variable', { environment: { POL_NOD_ID: 'x' } }, ['POL_NOD_ID', 'did you mean POL_NODE_ID']],
    ['an unknown level', { flags: { log_level: 'chatty' } }, ['--log-level', 'DEBUG']],
    ['a bad list element', { file: file({ boot_nodes: ['a:1', 7] }) }, ['boot_nodes.1']],
  ])('refuses %s', (_name, sources, parts) => {
    const message = complaint(sources);
    for (const part of parts) expect(message).toContain(part);
    expect(message).not.toContain('\n');
  });

  it('leaves other programs’ POL_ variables alone', () => {
    expect(load({ environment: { POL_SERVICE_HOST: '10.0.0.1' } }).node_id).toBe('node');
  });
});
