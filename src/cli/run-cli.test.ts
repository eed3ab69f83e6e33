import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';
import { testIo } from './testing/test-io.ts';

const ADDRESS = `0x${'ab'.repeat(20)}`;

describe('runCli', () => {
  it.each([['--help'], ['help'], ['run', '--help'], ['help', 'chat'], ['keys', 'new', '--help']])(
    'helps with %s %s %s',
    async (...argv) => {
      const io = testIo();
      expect(await runCli(argv, io)).toBe(0);
      expect(io.output()).toContain('Usage: pol-node');
      expect(io.errors()).toBe('');
    },
  );

  it('teaches by examples under every command', async () => {
    for (const command of [
      'create-network',
      'run',
      'devnet',
      'status',
      'balance',
      'send',
      'chat',
      'generate-config',
      'train',
      'eval',
      'bench',
      'doctor',
    ]) {
      const io = testIo();
      await runCli([command, '--help'], io);
      expect(io.output(), command).toMatch(/Examples:\n {2}\$ /);
    }
  });

  it('prints its version', async () => {
    const io = testIo();
    expect(await runCli(['--version'], io)).toBe(0);
    expect(io.output()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each<[string, readonly string[], string]>([
    ['no command', [], 'Usage:'],
    ['an unknown command', ['statu'], "error: unknown command 'statu' (Did you mean status?)"],
    ['an unknown flag', ['status', '--prot', '1'], "error: unknown option '--prot' (Did you mean --port?)"],
    ['a port that is none', ['status', '--port', '70000'], 'A port is a number from 0 to 65535.'],
    ['a url that is none', ['status', '--url', 'localhost'], 'http://127.0.0.1:8080'],
    ['no receiver', ['send', '--amount', '1'], "required option '--to <ADDRESS>' not specified"],
    ['a short address', ['send', '--to', '0x12', '--amount', '1'], '40 hexadecimal digits'],
    ['an amount that is none', ['send', '--to', ADDRESS, '--amount', '1,5'], 'such as 10 or 0.25'],
    ['too many arguments', ['status', 'extra'], 'too many arguments'],
    ['a missing key file name', ['keys', 'new'], "missing required argument 'FILE'"],
    ['a temperature out of range', ['chat', '--temperature', '3'], 'a number from 0 to 2'],
  ])('calls %s wrong usage', async (_name, argv, message) => {
    const io = testIo();
    expect(await runCli(argv, io)).toBe(2);
    expect(io.errors()).toContain(message);
    expect(io.output()).toBe('');
    if (argv.length > 0) expect(io.errors().trim().split('\n')).toHaveLength(1);
  });

  it('tells a failure in one line, without a stack', async () => {
    const io = testIo();
    expect(await runCli(['status'], io)).toBe(1);
    expect(io.errors()).toBe(
      'error: no node answers at http://127.0.0.1:8080 (ECONNREFUSED); start one with "pol-node run", or name another with --port or --url\n',
    );
  });

  it.each([
    [['--log-level', 'DEBUG', 'status'], {}],
    [['status', '--log-level=debug'], {}],
    [['status'], { POL_LOG_LEVEL: 'DEBUG' }],
  ])('shows stacks when debugging: %j %j', async (argv, environment) => {
    const io = testIo({ environment });
    expect(await runCli(argv, io)).toBe(1);
    expect(io.errors()).toMatch(/\n\s+at .*\n[\s\S]*caused by: TypeError: fetch failed/);
  });

  it('calls a wrong configuration wrong usage', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'c.json'), '{"prot": 1}');
    const io = testIo({ workingDirectory: directory });
    expect(await runCli(['generate-config', '--port', 'x'], io)).toBe(2);
    expect(io.errors()).toBe('error: --port: "x" must be a number\n');
  });
});
