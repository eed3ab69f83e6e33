import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { executionGenesis } from '../../execution/execution-genesis.ts';
import { type Genesis, genesisHash, type ModelConfig } from '../../params/genesis.ts';
import {
  createGenesis,
  DEFAULT_DATA_SOURCE,
  DEFAULT_MODEL,
  DEFAULT_ROUNDS,
  defaultShape,
  START_STAKES,
} from '../../params/network-defaults.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import { type Address, generatePrivateKey, signerFromPrivateKey } from '../../primitives/keys.ts';
import { encryptKeystore, LIGHT_SCRYPT } from '../../primitives/keystore.ts';
import { WEI_PER_POL } from '../../primitives/units.ts';
import { fileExists, PRIVATE_FILE_MODE, writeTextFile } from '../files.ts';
import type { Progress } from '../progress.ts';
import { DEFAULT_AUTHORITIES, DEFAULT_BASE_API_PORT, DEFAULT_BASE_PORT, DEFAULT_TRAINERS, type NetworkOptions } from './options.ts';
import { EXECUTION_GENESIS_FILE, GENESIS_FILE, type NodePlan, nodeConfigDocument, planNodes } from './plan.ts';

/** Each authority starts with this, for fees and for trying `send` before the first reward. */
const AUTHORITY_START_WEI = 100n * WEI_PER_POL;
const PASSWORD_BYTES = 24;
const FILE_SOURCE = 'file:';

export interface CreateNetworkOptions extends NetworkOptions {
  /** Absolute. */
  readonly directory: string;
  /** Relative `file:` sources are meant from here. */
  readonly workingDirectory: string;
  readonly name: string;
  readonly force: boolean;
}

export interface CreateNetworkDependencies {
  /** Root and size of a data set, tokenised on first use into the cache. */
  readonly describeDataset: (options: {
    readonly source: string;
    readonly vocabSize: number;
    readonly contextLength: number;
    readonly cacheDirectory: string;
  }) => Promise<{ readonly root: Uint8Array; readonly tokens: number; readonly heldOutTokens: number }>;
  readonly modelConfigForSize: (parameters: number, shape: { readonly vocabSize: number; readonly contextLength: number }) => ModelConfig;
  /** Tokens of the default model that one thread of this machine trains in a second. */
  readonly measureTokensPerSecond: () => Promise<number>;
  /** Tip of one of the two hash chains that are an authority's randomness, from its private key. */
  readonly onionTip: (privateKey: Uint8Array, chain: 'public' | 'secret') => Uint8Array;
  readonly random: (length: number) => Uint8Array;
  readonly now: () => number;
  readonly progress: Progress;
}

export interface CreatedNetwork {
  readonly directory: string;
  readonly genesis: Genesis;
  readonly genesisHash: Uint8Array;
  readonly nodes: readonly (NodePlan & { readonly address: Address })[];
}

/**
 * Makes a network's files: genesis, and a configuration, an encrypted key and its password for each node. The genesis is written
 * last: a folder that has one is complete.
 * @throws CLI_FILE_EXISTS before anything is computed or written, CLI_USAGE, GENESIS_INVALID, DATA_* and MODEL_*
 */
export async function createNetwork(options: CreateNetworkOptions, dependencies: CreateNetworkDependencies): Promise<CreatedNetwork> {
  const { directory, force } = options;
  const { random, now, progress } = dependencies;
  const plan = planOf(options);
  if (!force) refuseToOverwrite(directory, plan);

  try {
    const { model, batchSize } = await chooseModel(options, dependencies);
    const data = await describeData(options, model, dependencies);
    const nodes = [];
    const authorities: Genesis['authorities'] = [];
    const stakes: Record<Hex, bigint> = {};
    for (const node of plan) {
      progress.update(`making keys … ${nodes.length + 1} of ${plan.length}`);
      const privateKey = generatePrivateKey(random);
      const password = Buffer.from(random(PASSWORD_BYTES)).toString('base64url');
      const keystore = await encryptKeystore(privateKey, password, LIGHT_SCRYPT, random);
      const { address } = signerFromPrivateKey(privateKey);
      if (node.role === 'authority') {
        authorities.push({
          address: toHex(address),
          onion_tip: toHex(dependencies.onionTip(privateKey, 'public')),
          secret_onion_tip: toHex(dependencies.onionTip(privateKey, 'secret')),
        });
      }
      stakes[toHex(address)] = START_STAKES[node.role];
      nodes.push({ ...node, address, password, keystore });
    }

    const genesis = createGenesis(
      {
        name: options.name,
        timestamp: Math.floor(now() / 1000),
        authorities,
        data,
        model,
        chainId: options.chainId,
        stakes,
        alloc: { ...Object.fromEntries(authorities.map(({ address }) => [address, AUTHORITY_START_WEI])), ...options.fund },
        learning: {
          ...(batchSize === undefined ? {} : { batch_size: batchSize }),
          ...(options.learningRate === undefined ? {} : { learning_rate: options.learningRate }),
        },
        rounds: { blocks_per_round: options.roundBlocks ?? DEFAULT_ROUNDS.blocks_per_round },
        blockIntervalMs: options.blockInterval,
        trainingView: options.trainingView,
      },
      random,
    );

    const write = (file: string, document: unknown, mode?: number) =>
      writeTextFile(join(directory, file), `${typeof document === 'string' ? document : JSON.stringify(document, undefined, 2)}\n`, {
        overwrite: force,
        ...(mode === undefined ? {} : { mode }),
      });
    for (const node of nodes) {
      write(node.keyFile, node.keystore, PRIVATE_FILE_MODE);
      write(node.passwordFile, node.password, PRIVATE_FILE_MODE);
      write(node.configFile, nodeConfigDocument(node, plan));
    }
    write(EXECUTION_GENESIS_FILE, executionGenesis(genesis));
    write(GENESIS_FILE, genesis);
    return { directory, genesis, genesisHash: genesisHash(genesis), nodes: nodes.map(({ password: _, keystore: __, ...node }) => node) };
  } finally {
    progress.clear();
  }
}

/** The nodes that some choices lead to. @throws CLI_USAGE */
export function planOf({ authorities, nodes, basePort, baseApiPort }: NetworkOptions): readonly NodePlan[] {
  return planNodes({
    authorities: authorities ?? DEFAULT_AUTHORITIES,
    nodes: nodes ?? DEFAULT_TRAINERS,
    basePort: basePort ?? DEFAULT_BASE_PORT,
    baseApiPort: baseApiPort ?? DEFAULT_BASE_API_PORT,
  });
}

function refuseToOverwrite(directory: string, plan: readonly NodePlan[]): void {
  const files = [GENESIS_FILE, EXECUTION_GENESIS_FILE, ...plan.flatMap((node) => [node.configFile, node.keyFile, node.passwordFile])];
  const existing = files.map((file) => join(directory, file)).find(existsSync);
  if (existing !== undefined) throw fileExists(existing);
}

/** What was asked for; where nothing was, what this machine is fast enough for. */
async function chooseModel(
  options: CreateNetworkOptions,
  { modelConfigForSize, measureTokensPerSecond, progress }: CreateNetworkDependencies,
): Promise<{ readonly model: ModelConfig; readonly batchSize: number | undefined }> {
  const { modelSize, batchSize } = options;
  if (modelSize === undefined && options.vocabSize === undefined && options.contextLength === undefined && batchSize === undefined) {
    progress.update('measuring this machine …');
    return defaultShape(await measureTokensPerSecond());
  }
  const vocabSize = options.vocabSize ?? DEFAULT_MODEL.vocab_size;
  const contextLength = options.contextLength ?? DEFAULT_MODEL.context_length;
  const model =
    modelSize === undefined
      ? { ...DEFAULT_MODEL, vocab_size: vocabSize, context_length: contextLength }
      : modelConfigForSize(modelSize, { vocabSize, contextLength });
  return { model, batchSize };
}

async function describeData(
  { data, directory, workingDirectory }: CreateNetworkOptions,
  model: ModelConfig,
  { describeDataset }: CreateNetworkDependencies,
): Promise<Genesis['data']> {
  const wanted = data ?? DEFAULT_DATA_SOURCE;
  // The nodes of this network may be started anywhere on this machine.
  const source = wanted.startsWith(FILE_SOURCE) ? `${FILE_SOURCE}${resolve(workingDirectory, wanted.slice(FILE_SOURCE.length))}` : wanted;
  const { root, tokens, heldOutTokens } = await describeDataset({
    source,
    vocabSize: model.vocab_size,
    contextLength: model.context_length,
    cacheDirectory: join(directory, 'data', 'datasets'),
  });
  return { source, root: toHex(root), tokens, held_out_tokens: heldOutTokens };
}
