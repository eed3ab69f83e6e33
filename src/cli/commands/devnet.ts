import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { countArgument } from '../arguments.ts';
import { type NetworkOptions, withNetworkOptions } from '../create-network/options.ts';
import { startChild } from '../devnet/child.ts';
import { runDevnet } from '../devnet/devnet.ts';
import { openNetwork } from '../devnet/open-network.ts';
import { requireFreePorts } from '../devnet/ports.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';

const DEFAULT_DIRECTORY = '.devnet';

interface DevnetCommandOptions extends NetworkOptions {
  readonly dir: string;
  readonly clean?: boolean;
  readonly rounds?: number;
  readonly json?: boolean;
}

export function registerDevnet(program: Command, io: Io): void {
  const command = withNetworkOptions(
    program
      .command('devnet')
      .description('Run a whole network on this machine: makes it on the first start, resumes it on the next; Ctrl-C stops it.')
      .option('--dir <DIR>', 'folder of the network', DEFAULT_DIRECTORY)
      .option('--clean', 'delete the network in the folder first, and make a new one')
      .option('--rounds <N>', 'stop by itself when so many rounds have settled', countArgument(1))
      .option('--json', 'print events as JSON lines instead of the live view'),
  ).action((options: DevnetCommandOptions) => runCommand(options, program.opts<{ logLevel?: string }>().logLevel, io));
  examples(command, [
    ['pol-node devnet', '3 authorities and 3 trainers with a live view; npm start does the same'],
    ['pol-node devnet --authorities 4 --nodes 2', 'four authorities tolerate one that fails'],
    ['pol-node devnet --clean --data file:book.txt', 'a new network that learns another text'],
    ['pol-node devnet --rounds 3 --json', 'for a script: ends after three settled rounds'],
  ]);
}

async function runCommand(
  { dir, clean, rounds, json, ...choices }: DevnetCommandOptions,
  logLevel: string | undefined,
  io: Io,
): Promise<void> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  if (!existsSync(main)) throw cliError('CLI_NOT_BUILT', `${main} is missing; build the program with "npm run build"`);
  const network = await openNetwork(
    { directory: resolve(io.workingDirectory, dir), choices, clean: clean === true },
    { creation: async () => (await import('../create-network/dependencies.ts')).networkDependencies(io) },
    io,
  );
  await requireFreePorts(network.nodes);
  await runDevnet(
    { network, rounds, json: json === true, resumeWith: resumeCommand(dir, io) },
    { startNode: (node, logFile) => startChild({ program: [process.execPath, main], node, logFile, logLevel }, io) },
    io,
  );
}

function resumeCommand(dir: string, io: Io): string {
  const folder = dir === DEFAULT_DIRECTORY ? '' : ` --dir ${dir}`;
  if (io.environment.npm_lifecycle_event === 'start') return `npm start${folder === '' ? '' : ` --${folder}`}`;
  return `pol-node devnet${folder}`;
}
