import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Check, judge } from '../doctor/checks.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';

export function registerDoctor(program: Command, io: Io): void {
  const command = program
    .command('doctor')
    .description('Check whether this machine can run a node: Node, memory, disk, compiler, and that its arithmetic gives the right bits.')
    .option('--data-dir <DIR>', 'where the node’s data would be', './data')
    .option('--json', 'print JSON')
    .action(async ({ dataDir, json }: { dataDir: string; json?: boolean }) => {
      const { inspectMachine } = await import('../doctor/machine.ts');
      const facts = await inspectMachine(resolve(io.workingDirectory, dataDir), io.environment);
      const checks = judge(facts);
      io.out.write(json === true ? `${JSON.stringify({ facts, checks }, undefined, 2)}\n` : checkLines(checks));
      const failure = checks.find((check) => check.result === 'fail');
      if (failure !== undefined) throw cliError('CLI_CHECK_FAILED', failure.text);
    });
  examples(command, [['pol-node doctor', 'notes cost speed; a failure keeps a node from running']]);
}

function checkLines(checks: readonly Check[]): string {
  return checks.map(({ result, text }) => `${result.padEnd(4)}  ${text}\n`).join('');
}
