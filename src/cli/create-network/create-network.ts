import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { partsOf } from '../../data/sources/source-text.ts';
import type { TextTokenizer } from '../../data/text-tokenizer.ts';
import { executionGenesis } from '../../execution/execution-genesis.ts';
import { ASSETS_FOLDER, textFile, weightsFile } from '../../learning/assets.ts';
import { type Genesis, genesisHash, type ModelConfig } from '../../params/genesis.ts';
import {
  createGenesis,
  DEFAULT_DATA_SOURCE,
  DEFAULT_MODEL,
  DEFAULT_ROUNDS,
  defaultShape,
  START_STAKES,
  sparseLearning,
} from '../../params/network-defaults.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import { type Address, generatePrivateKey, signerFromPrivateKey } from '../../primitives/keys.ts';
import { encryptKeystore, LIGHT_SCRYPT } from '../../primitives/keystore.ts';
import { WEI_PER_POL } from '../../primitives/units.ts';
import { cliError } from '../errors.ts';
import { fileExists, PRIVATE_FILE_MODE, writeTextFile } from '../files.ts';
import type { Progress } from '../progress.ts';
import type { FileTokenizer } from '../tokenizer-choice.ts';
import type { BaseModel } from './base-model.ts';
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
    readonly tokenizer: TextTokenizer | undefined;
    readonly heldOutPpm: number | undefined;
  }) => Promise<{ readonly root: Uint8Array; readonly tokens: number; readonly heldOutTokens: number }>;
  /** The source as every machine shall read it. */
  readonly pinSource: (source: string, cacheDirectory: string) => Promise<string>;
  /** What `--tokenizer` names; undefined for GPT-2's. */
  readonly chooseTokenizer: (
    wanted: string,
    options: { readonly vocabSize: number | undefined; readonly source: string; readonly cacheDirectory: string },
  ) => Promise<FileTokenizer | undefined>;
  readonly readBaseModel: (path: string) => Promise<BaseModel>;
  readonly writeWeights: (path: string, weights: Float32Array) => Promise<void>;
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
    const cacheDirectory = join(directory, 'data', 'datasets');
    const source = await dependencies.pinSource(sourceOf(options), cacheDirectory);
    const base = options.baseModel === undefined ? undefined : await readBase(options, options.baseModel, dependencies);
    const tokenizer =
      options.tokenizer === undefined
        ? base?.tokenizer
        : await dependencies.chooseTokenizer(options.tokenizer, { vocabSize: options.vocabSize, source, cacheDirectory });
    const { model, batchSize } =
      base === undefined
        ? await chooseModel(tokenizer === undefined ? options : { ...options, vocabSize: tokenizer.vocabSize }, dependencies)
        : { model: base.config, batchSize: options.batchSize };
    const data = await describeData(source, cacheDirectory, options, model, tokenizer, dependencies);
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
        tokenizer: tokenizer?.choice,
        baseWeightsRoot: base?.weightsRoot,
        chainId: options.chainId,
        stakes,
        alloc: { ...Object.fromEntries(authorities.map(({ address }) => [address, AUTHORITY_START_WEI])), ...options.fund },
        learning: {
          ...(batchSize === undefined ? {} : { batch_size: batchSize }),
          ...(options.learningRate === undefined ? {} : { learning_rate: options.learningRate }),
          ...(options.sparseUpdates === undefined ? {} : sparseLearning(options.sparseUpdates)),
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
    const asset = (file: string) => join(directory, ASSETS_FOLDER, file);
    if (tokenizer !== undefined) {
      // Under the hash of their content, so that one that is there already is the same.
      writeTextFile(asset(textFile(tokenizer.choice.hash)), tokenizer.json, { overwrite: true });
      writeTextFile(asset(textFile(tokenizer.choice.config_hash)), tokenizer.configJson, { overwrite: true });
    }
    if (base !== undefined) await dependencies.writeWeights(asset(weightsFile(base.weightsRoot)), base.weights);
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

/** Data as a genesis tells it. */
async function describeData(
  source: string,
  cacheDirectory: string,
  { heldOutPercent }: CreateNetworkOptions,
  model: ModelConfig,
  tokenizer: FileTokenizer | undefined,
  { describeDataset }: CreateNetworkDependencies,
): Promise<Genesis['data']> {
  const heldOutPpm = heldOutPercent === undefined ? undefined : Math.round(heldOutPercent * 10_000);
  const { root, tokens, heldOutTokens } = await describeDataset({
    source,
    vocabSize: model.vocab_size,
    contextLength: model.context_length,
    cacheDirectory,
    tokenizer: tokenizer?.text,
    heldOutPpm,
  });
  return {
    source,
    root: toHex(root),
    tokens,
    held_out_tokens: heldOutTokens,
    ...(heldOutPpm === undefined ? {} : { held_out_ppm: heldOutPpm }),
  };
}

/** The nodes of this network may be started anywhere on this machine: paths become absolute. */
function sourceOf({ data, workingDirectory }: CreateNetworkOptions): string {
  const absolute = (part: string) =>
    part.startsWith(FILE_SOURCE) ? `${FILE_SOURCE}${resolve(workingDirectory, part.slice(FILE_SOURCE.length))}` : part;
  const wanted = data ?? DEFAULT_DATA_SOURCE;
  if (!wanted.startsWith('mix:')) return absolute(wanted);
  return `mix:${partsOf(wanted)
    .map(({ weight, source }) => `${weight}*${absolute(source)}`)
    .join(',')}`;
}

/** @throws CLI_USAGE when flags ask for another shape than the base model has */
async function readBase(
  options: CreateNetworkOptions,
  path: string,
  { readBaseModel, progress }: CreateNetworkDependencies,
): Promise<BaseModel> {
  if (options.modelSize !== undefined || options.vocabSize !== undefined || options.tokenizer !== undefined) {
    throw cliError(
      'CLI_USAGE',
      '--base-model has a size, a vocabulary and a tokenizer: leave --model-size, --vocab-size and --tokenizer out',
    );
  }
  progress.update('reading the base model …');
  const base = await readBaseModel(resolve(options.workingDirectory, path));
  const { contextLength } = options;
  return contextLength === undefined ? base : { ...base, config: { ...base.config, context_length: contextLength } };
}
