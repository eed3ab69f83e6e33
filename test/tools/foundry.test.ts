import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveNode } from './node.ts';
import { run } from './run.ts';
import { ALICE, ALICE_KEY, balanceSlot, CAROL, SENT, SUPPLY, token } from './token.ts';
import { foundryProgram, hasTool } from './tools.ts';

/** Programs of some 100 MB are read from the disk, on a machine that may be busy. */
const PATIENCE = { timeout: 120_000 };
const COMPILER = fileURLToPath(new URL('./solc.mjs', import.meta.url));
const hasFoundry = ['forge', 'cast'].every((name) => hasTool(`@foundry-rs/${name}-linux-amd64`));

describe.skipIf(!hasFoundry)('Foundry', () => {
  const node = liveNode();
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pol-foundry-'));
    for (const name of ['Token.sol', 'Deploy.s.sol']) await cp(new URL(`./project/${name}`, import.meta.url), join(directory, 'src', name));
    await writeFile(
      join(directory, 'foundry.toml'),
      `[profile.default]\nsrc = 'src'\nscript = 'src'\nsolc = '${COMPILER}'\nevm_version = 'cancun'\noffline = true\n`,
    );
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  // Foundry's own configuration of whoever runs the tests stays out of them.
  const tool = (name: 'cast' | 'forge', ...args: readonly string[]) =>
    run(foundryProgram(name), args, { cwd: directory, env: { HOME: directory, FOUNDRY_DISABLE_NIGHTLY_WARNING: '1', NO_COLOR: '1' } });

  describe.each(['http', 'ws'] as const)('over %s', (scheme) => {
    const cast = (command: string, ...args: readonly string[]) => tool('cast', command, '--rpc-url', node[scheme], ...args);

    it('cast deploys a token, sends it, and reads events, logs, an estimate, a trace and a proof', PATIENCE, async () => {
      const wallet = ['--private-key', ALICE_KEY, '--json'];
      const constructed = `${token.bytecode}${SUPPLY.toString(16).padStart(64, '0')}`;
      const deployed = JSON.parse(await cast('send', ...wallet, '--create', constructed)) as { contractAddress: string };
      const { contractAddress: address } = deployed;
      const transfer = ['transfer(address,uint256)', CAROL, `${SENT}`];

      const estimate = BigInt((await cast('estimate', address, ...transfer, '--from', ALICE)).trim());
      const receipt = JSON.parse(await cast('send', ...wallet, address, ...transfer)) as Record<string, string>;
      expect(receipt).toMatchObject({ status: '0x1' });
      expect(BigInt(receipt.gasUsed ?? 0)).toBeLessThanOrEqual(estimate);
      expect(await cast('receipt', receipt.transactionHash ?? '', 'status')).toMatch(/1|true/);

      const logs = JSON.parse(
        await cast('logs', '--json', '--from-block', '0', '--address', address, 'Transfer(address indexed,address indexed,uint256)'),
      ) as unknown[];
      expect(logs).toHaveLength(2);
      expect(BigInt((await cast('call', address, 'balanceOf(address)(uint256)', CAROL)).split(' ')[0] ?? '')).toBe(SENT);
      await expect(cast('call', address, 'transfer(address,uint256)', ALICE, `${SUPPLY}`, '--from', CAROL)).rejects.toThrow(
        /execution reverted/,
      );

      const proof = JSON.parse(await cast('proof', address, balanceSlot(CAROL))) as { storageProof: { value: string }[] };
      expect(BigInt(proof.storageProof[0]?.value ?? 0)).toBe(SENT);
      const trace = await cast('rpc', 'debug_traceTransaction', receipt.transactionHash ?? '', '{"tracer":"callTracer"}');
      expect(JSON.parse(trace)).toMatchObject({ type: 'CALL', to: address.toLowerCase(), gasUsed: receipt.gasUsed });
      // cast executes a transaction again by itself, on the state that it asks the node for.
      expect(await cast('run', receipt.transactionHash ?? '', '--quick')).toMatch(/Transaction successfully executed/);
    });

    it('forge creates a contract, and runs a script that deploys one and uses it', PATIENCE, async () => {
      const rpc = ['--rpc-url', node[scheme], '--private-key', ALICE_KEY, '--broadcast'];
      const created = await tool('forge', 'create', 'src/Token.sol:Token', ...rpc, '--json', '--constructor-args', `${SUPPLY}`);
      const { deployedTo } = JSON.parse(created) as { deployedTo: string };
      expect(await cast('call', deployedTo, 'totalSupply()(uint256)')).toContain(`${SUPPLY}`);

      const output = await tool('forge', 'script', 'src/Deploy.s.sol:Deploy', ...rpc, '--sig', 'run(address)', CAROL);
      expect(output).toContain('ONCHAIN EXECUTION COMPLETE & SUCCESSFUL');
    });
  });
});
