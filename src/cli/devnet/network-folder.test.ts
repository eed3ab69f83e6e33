import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGenesis } from '../../params/network-defaults.ts';
import { nodeConfigDocument, planNodes } from '../create-network/plan.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { cleanNetwork, folderState, readNetwork, withPorts } from './network-folder.ts';
import { requireFreePorts } from './ports.ts';

/** A network's folder without keys and data. */
function network(basePort = 8000): string {
  const directory = join(temporaryDirectory(), 'net');
  mkdirSync(join(directory, 'keys'), { recursive: true });
  const plan = planNodes({ authorities: 2, nodes: 1, basePort, baseApiPort: basePort === 0 ? 10 : basePort + 80 });
  for (const node of plan) writeFileSync(join(directory, node.configFile), JSON.stringify(nodeConfigDocument(node, plan)));
  const genesis = createGenesis({
    name: 'test',
    timestamp: 1,
    authorities: [{ address: `0x${'11'.repeat(20)}`, onion_tip: `0x${'22'.repeat(32)}`, secret_onion_tip: `0x${'33'.repeat(32)}` }],
    data: { source: 'file:a', root: `0x${'33'.repeat(32)}`, tokens: 100, held_out_tokens: 10 },
  });
  writeFileSync(join(directory, 'genesis.json'), JSON.stringify(genesis));
  return directory;
}

describe('a network’s folder', () => {
  it('is recognised by what is in it', () => {
    const directory = temporaryDirectory();
    expect(folderState(join(directory, 'none'))).toBe('empty');
    expect(folderState(directory)).toBe('empty');
    writeFileSync(join(directory, 'node_0_config.json'), '{}');
    expect(folderState(directory)).toBe('interrupted');
    writeFileSync(join(directory, 'thesis.doc'), '');
    expect(folderState(directory)).toBe('foreign');
    writeFileSync(join(directory, 'genesis.json'), '{}');
    expect(folderState(directory)).toBe('complete');
  });

  it('is read in the order of its nodes', () => {
    expect(readNetwork(network()).nodes.map(({ name, role }) => [name, role])).toEqual([
      ['authority_0', 'authority'],
      ['authority_1', 'authority'],
      ['node_2', 'trainer'],
    ]);
  });

  it('moves to other ports, boot nodes included', () => {
    const moved = withPorts(readNetwork(network()), 9000, undefined).nodes.map(({ config }) => [
      config.port,
      config.api_port,
      config.boot_nodes.join(),
    ]);
    expect(moved).toEqual([
      [9000, 8080, '127.0.0.1:9001'],
      [9001, 8081, '127.0.0.1:9000'],
      [9002, 8082, '127.0.0.1:9000,127.0.0.1:9001'],
    ]);
  });

  it('says how to mend what it cannot read', () => {
    const directory = network();
    writeFileSync(join(directory, 'genesis.json'), '{');
    expect(() => readNetwork(directory)).toThrow(/genesis\.json cannot be read as JSON; make the network again with --clean/);
  });

  it('is deleted only when everything in it is a network’s', () => {
    const directory = network();
    writeFileSync(join(directory, 'thesis.doc'), '');
    expect(() => cleanNetwork(directory)).toThrow(/also holds thesis\.doc/);
    expect(readdirSync(directory)).toContain('keys');
    const other = network();
    cleanNetwork(other);
    expect(folderState(other)).toBe('empty');
    cleanNetwork(other);
  });
});

describe('requireFreePorts', () => {
  it('names the port that is taken, whose it is, and the flag', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const [first] = readNetwork(network()).nodes;
    if (first === undefined) throw new Error('a node expected');
    const on = (changes: object) => [{ ...first, config: { ...first.config, port: 0, api_port: 0, ...changes } }];
    await requireFreePorts(on({}));
    await expect(requireFreePorts(on({ port }))).rejects.toThrow(
      `port ${port}, the port of authority_0, is in use; stop what uses it, or choose other ports with --base-port`,
    );
    await expect(requireFreePorts(on({ api_port: port }))).rejects.toThrow('--base-api-port');
  });
});
