import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveNode } from './node.ts';
import { run } from './run.ts';
import { ALICE_KEY, balanceSlot, CAROL, SENT, SUPPLY, TOKEN_FILE } from './token.ts';
import { hasTool, toolCommand } from './tools.ts';

const require = createRequire(import.meta.url);

/** Hardhat 2 speaks HTTP only: its configuration knows no WebSocket. */
describe.skipIf(!hasTool('hardhat'))('Hardhat 2', () => {
  const node = liveNode();
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pol-hardhat-'));
    await cp(TOKEN_FILE, join(directory, 'contracts', 'Token.sol'));
    for (const name of ['hardhat.config.cjs', 'hardhat-script.cjs'])
      await cp(new URL(`./project/${name}`, import.meta.url), join(directory, name));
    // Hardhat runs only from the project's own installation.
    await symlink(fileURLToPath(new URL('./node_modules', import.meta.url)), join(directory, 'node_modules'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('compiles and deploys a token, sends it, and reads logs, an estimate, a trace and a proof', { timeout: 120_000 }, async () => {
    const { version } = require('solc') as { version(): string };
    const output = await run(toolCommand('hardhat'), ['run', 'hardhat-script.cjs', '--network', 'pol'], {
      cwd: directory,
      env: {
        HOME: directory,
        HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true',
        SOLC_JS: require.resolve('solc/soljson.js'),
        SOLC_VERSION: version().split('+')[0] ?? '',
        NODE_URL: node.http,
        PRIVATE_KEY: ALICE_KEY,
        CAROL,
        SUPPLY: `${SUPPLY}`,
        SENT: `${SENT}`,
        SLOT: balanceSlot(CAROL),
      },
    });
    const seen = JSON.parse(output.slice(output.indexOf('{'))) as {
      token: string;
      estimate: string;
      receipt: { gasUsed: string };
      balance: string;
    };
    expect(seen).toMatchObject({
      receipt: { status: '0x1', logs: [{ address: seen.token }] },
      logs: [{ address: seen.token }, { address: seen.token }],
      revert: expect.stringMatching(/revert/),
      trace: { type: 'CALL', to: seen.token, gasUsed: seen.receipt.gasUsed },
      proof: { storageProof: [{ value: `0x${SENT.toString(16)}` }] },
    });
    expect(BigInt(seen.receipt.gasUsed)).toBeLessThanOrEqual(BigInt(seen.estimate));
    expect(BigInt(seen.balance)).toBe(SENT);
  });
});
