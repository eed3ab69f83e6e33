import { relative } from 'node:path';
import { type CreateNetworkDependencies, createNetwork, planOf } from '../create-network/create-network.ts';
import type { NetworkOptions } from '../create-network/options.ts';
import { toleranceNote } from '../create-network/report.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { count } from '../text.ts';
import { cleanNetwork, folderState, type NetworkFolder, readNetwork, readNodes, withPorts } from './network-folder.ts';
import { requireFreePorts } from './ports.ts';

const NETWORK_NAME = 'devnet';
/** These may change from run to run; every other network option shapes the genesis. */
const PORT_OPTIONS = new Set(['basePort', 'baseApiPort']);

export interface OpenNetworkOptions {
  /** Absolute. */
  readonly directory: string;
  readonly choices: NetworkOptions;
  /** Delete what is there first. */
  readonly clean: boolean;
}

/**
 * The network in a folder, made when there is none, or when its making was interrupted.
 * @throws CLI_USAGE for a choice that a network which exists cannot follow, CLI_NETWORK_FOLDER, CLI_PORT_IN_USE when it still runs
 */
export async function openNetwork(
  { directory, choices, clean }: OpenNetworkOptions,
  { creation }: { readonly creation: () => Promise<CreateNetworkDependencies> },
  io: Io,
): Promise<NetworkFolder> {
  const shown = relative(io.workingDirectory, directory) || '.';
  if (clean) {
    // Choices that make no sense must not cost the network that is there, and one that still runs must not lose its files.
    planOf(choices);
    await requireFreePorts(readNodes(directory));
    cleanNetwork(directory);
  }
  const state = folderState(directory);
  if (state === 'foreign') {
    throw cliError('CLI_NETWORK_FOLDER', `${shown} holds other files and no network; choose another folder with --dir`);
  }
  if (state === 'complete') {
    requireNoShaping(choices, shown);
    io.err.write(`resuming the network in ${shown} (a new one: --clean)\n`);
    return withPorts(readNetwork(directory), choices.basePort, choices.baseApiPort);
  }
  const { genesis, nodes } = await createNetwork(
    { ...choices, directory, workingDirectory: io.workingDirectory, name: NETWORK_NAME, force: state === 'interrupted' },
    await creation(),
  );
  io.err.write(`made a network of ${count(nodes.length, 'node')} in ${shown}\n${toleranceNote(genesis.authorities.length)}\n`);
  return readNetwork(directory);
}

function requireNoShaping(choices: NetworkOptions, shown: string): void {
  const shaping = Object.entries(choices).find(([name, value]) => value !== undefined && !PORT_OPTIONS.has(name))?.[0];
  if (shaping === undefined) return;
  const flag = `--${shaping.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw cliError('CLI_USAGE', `${flag} shapes a new network, and ${shown} holds one; add --clean to replace it, or choose another --dir`);
}
