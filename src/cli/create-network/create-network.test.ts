import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseGenesis } from '../../params/genesis.ts';
import { toHex } from '../../primitives/bytes.ts';
import { signerFromPrivateKey } from '../../primitives/keys.ts';
import { decryptKeystore } from '../../primitives/keystore.ts';
import { createOnion, onionSeed } from '../../protocol/onion.ts';
import { readNetwork } from '../devnet/network-folder.ts';
import { runCli } from '../run-cli.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { testIo } from '../testing/test-io.ts';
import { configFilesAmong, planNodes } from './plan.ts';
import { toleranceNote } from './report.ts';

const WALLET = `0x${'12'.repeat(20)}`;
const TWO_NODES = ['--authorities', '1', '--nodes', '1'];
const TEXT = 'Four score and seven years ago our fathers brought forth on this continent, a new nation. '.repeat(40);

function workspace() {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'book.txt'), TEXT);
  const run = async (...argv: string[]) => {
    const io = testIo({ workingDirectory: directory });
    const small = ['--data', 'file:book.txt', '--vocab-size', '512', '--context-length', '16'];
    return { code: await runCli(['create-network', ...small, ...argv], io), output: io.output(), errors: io.errors() };
  };
  return { directory, run };
}

describe('create-network', () => {
  it('makes the six nodes of the quick start, all of one genesis', async () => {
    const { directory, run } = workspace();
    const made = await run('--fund', `${WALLET}=2.5`);
    expect(made).toMatchObject({ code: 0, errors: '' });
    expect(made.output).toContain('pol-node run --config-file authority_0_config.json');
    expect(made.output).toContain('four tolerate one (--authorities 4)');
    expect(readdirSync(directory).filter((name) => name.endsWith('_config.json'))).toEqual(
      ['authority_0', 'authority_1', 'authority_2', 'node_3', 'node_4', 'node_5'].map((name) => `${name}_config.json`),
    );

    const { genesis, nodes } = readNetwork(directory);
    expect(genesis.authorities).toHaveLength(3);
    expect(genesis.alloc[WALLET]).toBe('2500000000000000000');
    expect(genesis.data.source).toBe(`file:${join(directory, 'book.txt')}`);
    expect(genesis.model).toMatchObject({ vocab_size: 512, context_length: 16 });
    expect(nodes.map(({ config }) => [config.node_id, config.port, config.api_port, config.is_authority, config.training_enabled])).toEqual(
      [
        ['authority_0', 8000, 8080, true, false],
        ['authority_1', 8001, 8081, true, false],
        ['authority_2', 8002, 8082, true, false],
        ['node_3', 8003, 8083, false, true],
        ['node_4', 8004, 8084, false, true],
        ['node_5', 8005, 8085, false, true],
      ],
    );
    expect(nodes[1]?.config.boot_nodes).toEqual(['127.0.0.1:8000', '127.0.0.1:8002']);
    expect(nodes[4]?.config).toMatchObject({
      data_dir: join(directory, 'data/node_4'),
      genesis_file: join(directory, 'genesis.json'),
      dataset_cache: join(directory, 'data/datasets'),
    });
  });

  it('gives each node a key of its own; the authorities’ stand in the genesis', async () => {
    const { directory, run } = workspace();
    await run(...TWO_NODES, '--base-port', '9000', '--base-api-port', '9100');
    const { genesis, nodes } = readNetwork(directory);
    const keys = await Promise.all(
      nodes.map(({ name }) => {
        const file = join(directory, 'keys', name);
        expect(statSync(`${file}.json`).mode & 0o777).toBe(0o600);
        expect(statSync(`${file}.password`).mode & 0o777).toBe(0o600);
        return decryptKeystore(readFileSync(`${file}.json`, 'utf8'), readFileSync(`${file}.password`, 'utf8').trim());
      }),
    );
    const [first, second] = keys;
    if (first === undefined || second === undefined) throw new Error('two keys expected');
    expect(toHex(second)).not.toBe(toHex(first));
    expect(genesis.authorities).toEqual([
      {
        address: toHex(signerFromPrivateKey(first).address),
        onion_tip: toHex(createOnion(onionSeed(first, 'public')).tip),
        secret_onion_tip: toHex(createOnion(onionSeed(first, 'secret')).tip),
      },
    ]);
    expect(nodes.map(({ config }) => [config.port, config.api_port])).toEqual([
      [9000, 9100],
      [9001, 9101],
    ]);
  });

  it('refuses to overwrite, naming the file, and does with --force', async () => {
    const { directory, run } = workspace();
    writeFileSync(join(directory, 'node_1_config.json'), '{}');
    const refused = await run(...TWO_NODES);
    expect(refused.code).toBe(1);
    expect(refused.errors).toBe(`error: ${join(directory, 'node_1_config.json')} exists; give --force to overwrite it\n`);
    expect(readdirSync(directory).sort()).toEqual(['book.txt', 'node_1_config.json']);
    expect((await run('--force', ...TWO_NODES)).code).toBe(0);
    expect(parseGenesis(JSON.parse(readFileSync(join(directory, 'genesis.json'), 'utf8'))).name).toBe('pol');
  });

  it('puts the choices into the genesis', async () => {
    const { directory, run } = workspace();
    const choices = [
      '--chain-id',
      '77',
      '--batch-size',
      '4',
      '--learning-rate',
      '0.01',
      '--sparse-updates',
      '16',
      '--round-blocks',
      '8',
      '--block-interval',
      '200',
      '--name',
      'lab',
    ];
    expect((await run('--dir', 'net', ...TWO_NODES, ...choices)).code).toBe(0);
    expect(readNetwork(join(directory, 'net')).genesis).toMatchObject({
      name: 'lab',
      chain_id: 77,
      block_interval_ms: 200,
      learning: {
        batch_size: 4,
        learning_rate: 0.01,
        sparse_updates: { one_of: 16, feedback_decay: 0.95 },
        outer_learning_rate: 2.5,
        outer_momentum: 0,
      },
      rounds: { blocks_per_round: 8 },
    });
  });

  it.each([
    ['ports that overlap', ['--base-port', '8000', '--base-api-port', '8001'], 2, 'overlap'],
    ['ports beyond the last', ['--base-port', '65535'], 2, 'above 65535'],
    ['a text that is not there', ['--data', 'file:nope.txt'], 1, 'nope.txt'],
    ['rounds too short', ['--round-blocks', '6'], 1, 'rounds.submit_blocks'],
  ])('refuses %s and writes nothing', async (_name, argv, code, message) => {
    const { directory, run } = workspace();
    const refused = await run(...TWO_NODES, ...argv);
    expect(refused.code).toBe(code);
    expect(refused.errors).toContain(message);
    expect(readdirSync(directory).filter((name) => name.endsWith('.json') || name === 'keys')).toEqual([]);
  });
});

describe('planNodes', () => {
  it('numbers through and names files so that they can be found again', () => {
    const plan = planNodes({ authorities: 2, nodes: 9, basePort: 1, baseApiPort: 100 });
    const files = plan.map((node) => node.configFile);
    expect(configFilesAmong([...files].sort().concat('other.json', 'node_x_config.json')).map(({ file }) => file)).toEqual(files);
  });
});

describe('toleranceNote', () => {
  it.each([
    [3, 'the chain stops while one is away'],
    [4, '3 of 4: the chain goes on while 1 authority is away'],
    [7, '5 of 7: the chain goes on while 2 authorities are away'],
  ])('says what %i authorities tolerate', (authorities, text) => {
    expect(toleranceNote(authorities)).toContain(text);
  });
});
