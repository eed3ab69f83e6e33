import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../primitives/bytes.ts';
import { decryptKeystore } from '../../primitives/keystore.ts';
import { runCli } from '../run-cli.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { testIo } from '../testing/test-io.ts';

/** First account of the mnemonic "test … junk", known from Hardhat and Anvil. */
const PRIVATE_KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const ADDRESS = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';

function workspace() {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'pw'), 'long enough\n');
  writeFileSync(join(directory, 'secret'), `${PRIVATE_KEY}\n`);
  const run = async (...argv: string[]) => {
    const io = testIo({ workingDirectory: directory });
    return { code: await runCli(['keys', ...argv], io), output: io.output(), errors: io.errors() };
  };
  return { directory, run };
}

describe('keys', () => {
  it('makes a key that opens with its password, readable by its owner only', async () => {
    const { directory, run } = workspace();
    const made = await run('new', 'key.json', '--password-file', 'pw', '--light');
    expect(made).toMatchObject({ code: 0, errors: 'wrote key.json\n' });
    expect(statSync(join(directory, 'key.json')).mode & 0o777).toBe(0o600);
    expect((await run('show', 'key.json')).output).toBe(made.output);
    expect((await run('show', 'key.json', '--password-file', 'pw')).output).toBe(made.output);
  });

  it('takes over a private key', async () => {
    const { directory, run } = workspace();
    const taken = await run('import', 'key.json', '--private-key-file', 'secret', '--password-file', 'pw', '--light');
    expect(taken).toMatchObject({ code: 0, output: `${ADDRESS}\n` });
    expect(toHex(await decryptKeystore(readFileSync(join(directory, 'key.json'), 'utf8'), 'long enough'))).toBe(PRIVATE_KEY);
  });

  it('takes over an account of a wallet', async () => {
    const { directory, run } = workspace();
    writeFileSync(join(directory, 'words'), 'test test test test test test test test test test test junk\n');
    const write = ['--phrase-file', 'words', '--password-file', 'pw', '--light'];
    expect(await run('import', 'first.json', ...write)).toMatchObject({ code: 0, output: `${ADDRESS}\n` });
    expect(await run('import', 'second.json', ...write, '--path', "m/44'/60'/0'/0/1")).toMatchObject({
      output: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n',
    });
    expect(await run('import', 'third.json', ...write, '--path', 'first')).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/path/),
    });
    expect(await run('import', 'third.json', ...write, '--private-key-file', 'secret')).toMatchObject({ code: 2 });
    expect(await run('import', 'third.json', '--private-key-file', 'secret', '--path', 'm/0')).toMatchObject({ code: 2 });
  });

  it('does not overwrite a key unless forced', async () => {
    const { run } = workspace();
    await run('new', 'key.json', '--password-file', 'pw', '--light');
    const again = await run('new', 'key.json', '--password-file', 'pw', '--light');
    expect(again.code).toBe(1);
    expect(again.errors).toMatch(/key\.json exists; give --force/);
    expect((await run('new', 'key.json', '--password-file', 'pw', '--light', '--force')).code).toBe(0);
  });

  it('never repeats a private key it cannot use', async () => {
    const { directory, run } = workspace();
    writeFileSync(join(directory, 'secret'), PRIVATE_KEY.slice(0, -2));
    const { code, errors } = await run(
      'import',
      'key.json',
      '--private-key-file',
      'secret',
      '--password-file',
      'pw',
      '--log-level',
      'DEBUG',
    );
    expect(code).toBe(2);
    expect(errors).not.toContain(PRIVATE_KEY.slice(2, 20));
  });

  it('asks for nothing without a terminal', async () => {
    const { run } = workspace();
    expect(await run('new', 'key.json')).toMatchObject({ code: 2, errors: expect.stringContaining('--password-file') });
  });

  it('names the file that is missing, and the password that is wrong', async () => {
    const { directory, run } = workspace();
    expect(await run('show', 'nope.json')).toMatchObject({ code: 1, errors: 'error: cannot read nope.json: there is no such file\n' });
    await run('new', 'key.json', '--password-file', 'pw', '--light');
    writeFileSync(join(directory, 'other'), 'wrong');
    expect(await run('show', 'key.json', '--password-file', 'other')).toMatchObject({
      code: 1,
      errors: 'error: the password does not open this key file\n',
    });
    writeFileSync(join(directory, 'empty'), '\n');
    expect(await run('show', 'key.json', '--password-file', 'empty')).toMatchObject({ code: 2 });
  });
});
