import { cliError } from '../errors.ts';

const MAX_PORT = 65_535;
export const GENESIS_FILE = 'genesis.json';
/** For an external execution client. */
export const EXECUTION_GENESIS_FILE = 'execution_genesis.json';
const CONFIG_FILE = /^(?<name>(?:authority|node)_(?<index>\d+))_config\.json$/;

/** One node of a network to be made. Numbers run through: authorities first, then trainers. */
export interface NodePlan {
  /** `authority_0`, `node_3`. */
  readonly name: string;
  readonly role: 'authority' | 'trainer';
  readonly port: number;
  readonly apiPort: number;
  /** Relative to the network's folder. */
  readonly configFile: string;
  readonly keyFile: string;
  readonly passwordFile: string;
}

export interface PlanOptions {
  readonly authorities: number;
  /** Trainers beside the authorities. */
  readonly nodes: number;
  readonly basePort: number;
  readonly baseApiPort: number;
}

/** @throws CLI_USAGE when the two port ranges overlap or leave the allowed range */
export function planNodes({ authorities, nodes, basePort, baseApiPort }: PlanOptions): readonly NodePlan[] {
  const total = authorities + nodes;
  const distance = Math.abs(basePort - baseApiPort);
  if (distance < total) {
    throw cliError(
      'CLI_USAGE',
      `--base-port ${basePort} and --base-api-port ${baseApiPort} overlap: ${total} nodes need ${total} ports each`,
    );
  }
  if (Math.max(basePort, baseApiPort) + total - 1 > MAX_PORT) {
    throw cliError('CLI_USAGE', `${total} nodes from port ${Math.max(basePort, baseApiPort)} on would need ports above ${MAX_PORT}`);
  }
  return Array.from({ length: total }, (_, index) => {
    const role = index < authorities ? 'authority' : 'trainer';
    const name = `${role === 'authority' ? 'authority' : 'node'}_${index}`;
    return {
      name,
      role,
      port: basePort + index,
      apiPort: baseApiPort + index,
      configFile: `${name}_config.json`,
      keyFile: `keys/${name}.json`,
      passwordFile: `keys/${name}.password`,
    };
  });
}

/** The configuration file of a node; its paths are relative to the file. */
export function nodeConfigDocument(node: NodePlan, all: readonly NodePlan[]): object {
  return {
    node_id: node.name,
    port: node.port,
    api_port: node.apiPort,
    is_authority: node.role === 'authority',
    boot_nodes: all.filter((other) => other.role === 'authority' && other.name !== node.name).map((other) => `127.0.0.1:${other.port}`),
    data_dir: `./data/${node.name}`,
    // Authorities re-execute what the others train; training as well would make them slow at it.
    training_enabled: node.role === 'trainer',
    genesis_file: `./${GENESIS_FILE}`,
    key_file: `./${node.keyFile}`,
    password_file: `./${node.passwordFile}`,
    dataset_cache: './data/datasets',
  };
}

/** The configuration files among file names, in the order of their numbers. */
export function configFilesAmong(fileNames: readonly string[]): readonly { readonly name: string; readonly file: string }[] {
  return fileNames
    .flatMap((file) => {
      const { name, index } = CONFIG_FILE.exec(file)?.groups ?? {};
      return name === undefined ? [] : [{ name, file, index: Number(index) }];
    })
    .sort((a, b) => a.index - b.index)
    .map(({ name, file }) => ({ name, file }));
}
