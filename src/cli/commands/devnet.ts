import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { countArgument } from '../arguments.ts';
import { createNetwork, planOf } from '../create-network/create-network.ts';
import { type NetworkOptions, withNetworkOptions } from '../create-network/options.ts';
import { toleranceNote } from '../create-network/report.ts';
import { startChild } from '../devnet/child.ts';
import { runDevnet } from '../devnet/devnet.ts';
import { cleanNetwork, folderState, type NetworkFolder, readNetwork, readNodes, withPorts } from '../devnet/network-folder.ts';
import { requireFreePorts } from '../devnet/ports.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';
import { count } from '../text.ts';

const DEFAULT_DIRECTORY = '.devnet';
const NETWORK_NAME = 'devnet';
/** These choose ports, which may change from run to run; all other network options shape the genesis. */
const PORT_OPTIONS = new Set(['basePort', 'baseApiPort']);

interface DevnetCommandOptions extends NetworkOptions {
  readonly dir: string;
  readonly clean?: boolean;
  readonly rounds?: number;
  readonly json?: boolean;
  readonly logLevel?: string;
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
  ).action((_options: unknown, self: Command) => runCommand(self.optsWithGlobals<DevnetCommandOptions>(), io));
  examples(command, [
    ['pol-node devnet', '3 authorities and 3 trainers with a live view; npm start does the same'],
    ['pol-node devnet --authorities 4 --nodes 2', 'four authorities tolerate one that fails'],
    ['pol-node devnet --clean --data file:book.txt', 'a new network that learns another text'],
    ['pol-node devnet --rounds 3 --json', 'for a script: ends after three settled rounds'],
  ]);
}

async function runCommand({ dir, clean, rounds, json, logLevel, ...choices }: DevnetCommandOptions, io: Io): Promise<void> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  if (!existsSync(main)) throw cliError('CLI_NOT_BUILT', `${main} is missing; build the program with "npm run build"`);
  const directory = resolve(io.workingDirectory, dir);
  const network = await openNetwork(directory, choices, clean === true, io);
  await requireFreePorts(network.nodes);
  await runDevnet(
    { network, rounds, json: json === true, resumeWith: resumeCommand(dir, io) },
    { startNode: (node, logFile) => startChild({ program: [process.execPath, main], node, logFile, logLevel }, io) },
    io,
  );
}

/** The network in the folder, made when there is none. */
async function openNetwork(directory: string, choices: NetworkOptions, clean: boolean, io: Io): Promise<NetworkFolder> {
  const { basePort, baseApiPort } = choices;
  const shown = relative(io.workingDirectory, directory) || '.';
  if (clean) {
    // Choices that make no sense must not cost the network that is there.
    planOf(choices);
    // A network that still runs must not lose its files: its ports say so.
    await requireFreePorts(readNodes(directory));
    cleanNetwork(directory);
  }
  const state = folderState(directory);
  if (state === 'foreign')
    throw cliError('CLI_NETWORK_FOLDER', `${shown} holds other files and no network; choose another folder with --dir`);
  if (state === 'complete') {
    const shaping = Object.entries(choices).find(([name, value]) => value !== undefined && !PORT_OPTIONS.has(name))?.[0];
    if (shaping !== undefined) {
      const flag = `--${shaping.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      throw cliError(
        'CLI_USAGE',
        `${flag} shapes a new network, and ${shown} holds one; add --clean to replace it, or choose another --dir`,
      );
    }
    io.err.write(`resuming the network in ${shown} (a new one: --clean)\n`);
    return withPorts(readNetwork(directory), basePort, baseApiPort);
  }
  const { networkDependencies } = await import('../create-network/dependencies.ts');
  const { genesis, nodes } = await createNetwork(
    { ...choices, directory, workingDirectory: io.workingDirectory, name: NETWORK_NAME, force: state === 'interrupted' },
    networkDependencies(io),
  );
  io.err.write(`made a network of ${count(nodes.length, 'node')} in ${shown}\n${toleranceNote(genesis.authorities.length)}\n`);
  return readNetwork(directory);
}

function resumeCommand(dir: string, io: Io): string {
  const folder = dir === DEFAULT_DIRECTORY ? '' : ` --dir ${dir}`;
  if (io.environment.npm_lifecycle_event === 'start') return `npm start${folder === '' ? '' : ` --${folder}`}`;
  return `pol-node devnet${folder}`;
}
