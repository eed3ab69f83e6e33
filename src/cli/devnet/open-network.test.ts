import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../params/network-defaults.ts';
import type { CreateNetworkDependencies } from '../create-network/create-network.ts';
import { createProgress } from '../progress.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { testIo } from '../testing/test-io.ts';
import { type OpenNetworkOptions, openNetwork } from './open-network.ts';

/** Real files and keys; a data set and a hash chain that take no time. */
function workspace() {
  const directory = join(temporaryDirectory(), 'net');
  const io = testIo({ workingDirectory: directory });
  let byte = 0;
  const creation = async (): Promise<CreateNetworkDependencies> => ({
    pinSource: async (source: string) => source,
    chooseTokenizer: async () => undefined,
    readBaseModel: async () => {
      throw new Error('no base model is asked for');
    },
    writeWeights: async () => {},
    describeDataset: async () => ({ root: new Uint8Array(32), tokens: 1000, heldOutTokens: 100 }),
    modelConfigForSize: () => DEFAULT_MODEL,
    measureTokensPerSecond: async () => 10_000,
    onionTip: () => new Uint8Array(32),
    random: (length) => new Uint8Array(length).fill(++byte),
    now: io.clock.now,
    progress: createProgress(io.err, io.clock.now),
  });
  // Not the default ports: something may be running on those.
  const small = { authorities: 1, nodes: 1, basePort: 42_310, baseApiPort: 42_320 };
  const open = (options: Partial<OpenNetworkOptions> = {}) =>
    openNetwork({ directory, choices: {}, clean: false, ...options }, { creation }, io);
  return { directory, io, small, open };
}

describe('openNetwork', () => {
  it('makes a network, and resumes it the next time, on other ports if told so', async () => {
    const { io, small, open } = workspace();
    const made = await open({ choices: small });
    expect(made.nodes.map((node) => node.name)).toEqual(['authority_0', 'node_1']);
    expect(io.errors()).toContain('made a network of 2 nodes');
    const resumed = await open({ choices: { basePort: 9000 } });
    expect(resumed.genesis).toEqual(made.genesis);
    expect(resumed.nodes.map(({ config }) => config.port)).toEqual([9000, 9001]);
    expect(io.errors()).toContain('resuming the network');
  });

  it('does not pretend to follow choices that would need another genesis', async () => {
    const { small, open } = workspace();
    await open({ choices: small });
    await expect(open({ choices: { batchSize: 4 } })).rejects.toMatchObject({
      code: 'CLI_USAGE',
      message: expect.stringMatching(/^--batch-size shapes/),
    });
  });

  it('replaces a network with --clean, but not for choices that make no sense', async () => {
    const { directory, small, open } = workspace();
    const made = await open({ choices: small });
    await expect(open({ clean: true, choices: { basePort: 1, baseApiPort: 2 } })).rejects.toMatchObject({ code: 'CLI_USAGE' });
    expect(existsSync(join(directory, 'genesis.json'))).toBe(true);
    const other = await open({ clean: true, choices: { ...small, chainId: 7 } });
    expect(other.genesis.chain_id).toBe(7);
    expect(other.genesis.authorities).not.toEqual(made.genesis.authorities);
  });

  it('finishes what was interrupted', async () => {
    const { directory, small, open } = workspace();
    await open({ choices: small });
    rmSync(join(directory, 'genesis.json'));
    expect((await open({ choices: small })).nodes).toHaveLength(2);
  });

  it('keeps its hands off a folder with other files', async () => {
    const { directory, small, open } = workspace();
    await open({ choices: small });
    rmSync(join(directory, 'genesis.json'));
    writeFileSync(join(directory, 'thesis.doc'), '');
    await expect(open({ choices: small })).rejects.toMatchObject({ code: 'CLI_NETWORK_FOLDER' });
    await expect(open({ clean: true, choices: small })).rejects.toThrow(/thesis\.doc/);
  });
});
