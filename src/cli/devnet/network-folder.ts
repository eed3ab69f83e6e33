import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Genesis, parseGenesis } from '../../params/genesis.ts';
import { loadConfig } from '../../params/load-config.ts';
import type { NodeConfig } from '../../params/node-config.ts';
import { configFilesAmong, EXECUTION_GENESIS_FILE, GENESIS_FILE } from '../create-network/plan.ts';
import { cliError } from '../errors.ts';
import { readTextFile } from '../files.ts';

/** Everything that create-network, devnet and its nodes put into a network's folder. */
const OWN_NAMES = new Set([GENESIS_FILE, EXECUTION_GENESIS_FILE, 'keys', 'data', 'logs']);

export type FolderState = 'empty' | 'complete' | 'interrupted' | 'foreign';

export interface DevnetNode {
  readonly name: string;
  readonly role: 'authority' | 'trainer';
  /** Absolute. */
  readonly configFile: string;
  readonly config: NodeConfig;
}

export interface NetworkFolder {
  readonly directory: string;
  readonly genesis: Genesis;
  readonly nodes: readonly DevnetNode[];
}

/** complete: has a genesis. interrupted: only files of ours, but no genesis, which is written last. */
export function folderState(directory: string): FolderState {
  const names = namesIn(directory);
  if (names.length === 0) return 'empty';
  if (names.includes(GENESIS_FILE)) return 'complete';
  return foreignNames(names).length === 0 ? 'interrupted' : 'foreign';
}

/** @throws CLI_NETWORK_FOLDER when a configuration is missing; CONFIG_INVALID, GENESIS_INVALID */
export function readNetwork(directory: string): NetworkFolder {
  const genesisFile = join(directory, GENESIS_FILE);
  let document: unknown;
  try {
    document = JSON.parse(readTextFile(genesisFile));
  } catch (cause) {
    throw cliError('CLI_NETWORK_FOLDER', `${genesisFile} cannot be read as JSON; make the network again with --clean`, { cause });
  }
  const nodes = readNodes(directory);
  if (nodes.length === 0)
    throw cliError('CLI_NETWORK_FOLDER', `${directory} has a genesis but no node configurations; make the network again with --clean`);
  return { directory, genesis: parseGenesis(document), nodes };
}

/** The nodes whose configurations are in the folder, in the order of their numbers. @throws CONFIG_INVALID */
export function readNodes(directory: string): readonly DevnetNode[] {
  return configFilesAmong(namesIn(directory)).map(({ name, file }) => {
    const configFile = join(directory, file);
    const config = loadConfig({ file: { path: configFile, text: readTextFile(configFile) }, workingDirectory: directory });
    return { name, role: config.is_authority ? 'authority' : 'trainer', configFile, config };
  });
}

/** The same nodes on other ports; undefined keeps a range as it is. */
export function withPorts(network: NetworkFolder, basePort: number | undefined, baseApiPort: number | undefined): NetworkFolder {
  if (basePort === undefined && baseApiPort === undefined) return network;
  const moved = new Map<number, number>();
  const nodes = network.nodes.map((node, index) => {
    const port = basePort === undefined ? node.config.port : basePort + index;
    moved.set(node.config.port, port);
    return { ...node, config: { ...node.config, port, api_port: baseApiPort === undefined ? node.config.api_port : baseApiPort + index } };
  });
  const movePort = (address: string) =>
    address.replace(/:(\d+)$/, (whole, port: string) => (moved.has(Number(port)) ? `:${moved.get(Number(port))}` : whole));
  return {
    ...network,
    nodes: nodes.map((node) => ({ ...node, config: { ...node.config, boot_nodes: node.config.boot_nodes.map(movePort) } })),
  };
}

/** Deletes a network's folder. @throws CLI_NETWORK_FOLDER when it is not a network's, or holds anything else */
export function cleanNetwork(directory: string): void {
  const names = namesIn(directory);
  if (names.length === 0) return;
  const foreign = foreignNames(names)[0];
  if (foreign !== undefined)
    throw cliError('CLI_NETWORK_FOLDER', `--clean does not delete ${directory}: it also holds ${foreign}, which is not of a network`);
  rmSync(directory, { recursive: true, force: true });
}

function foreignNames(names: readonly string[]): string[] {
  return names.filter((name) => !OWN_NAMES.has(name) && configFilesAmong([name]).length === 0);
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
