import { join } from 'node:path';
import { z } from 'zod';
import { parameterLayout } from '../model/layout.ts';
import { type Genesis, genesisHash, type ModelConfig, modelSchema, parseGenesis } from '../params/genesis.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import { ASSETS_FOLDER } from './assets.ts';
import { vectorRoot } from './chunks.ts';
import { jsonBytes, parseJson, readIfPresent, subdirectory, writeFileDurably } from './files.ts';
import { readManifest } from './manifest.ts';
import { modelRootOf } from './model-root.ts';
import { runError } from './single/errors.ts';
import { readRun } from './single/run-directory.ts';
import { readVectors, writeVectors } from './vector-file.ts';
import { openVectorStore } from './vectors.ts';

/*
 * A model by itself, in a folder: model.json, weights.f32 (little-endian f32, in the order of `parameterLayout`) and, when its tokenizer
 * is not GPT-2's, tokenizer.json with tokenizer_config.json.
 */

const MODEL_FILE = 'model.json';
const WEIGHTS_FILE = 'weights.f32';
export const TOKENIZER_FILE = 'tokenizer.json';
export const TOKENIZER_CONFIG_FILE = 'tokenizer_config.json';

const documentSchema = z.strictObject({
  format: z.literal('pol-model-1'),
  parameters: z.number().int().positive(),
  model: modelSchema,
  /** gpt2: cut to the vocabulary's size. file: the folder's tokenizer.json. */
  tokenizer: z.strictObject({ kind: z.enum(['gpt2', 'file']) }),
  /** `vectorRoot` of the weights. */
  weights_root: z.string().regex(/^0x[0-9a-f]{64}$/),
  /** Where the weights come from. */
  lineage: z.record(z.string(), z.unknown()).optional(),
});
type ModelDocument = z.infer<typeof documentSchema>;

/** A model on disk: a folder as above, a run's newest checkpoint, or the settled model of a node. */
export interface StoredModel {
  readonly config: ModelConfig;
  readonly tokenizer:
    | { readonly kind: 'gpt2' }
    | { readonly kind: 'file'; readonly directory: string }
    /** A network's: found in folders of assets (assets.ts). */
    | { readonly kind: 'assets'; readonly genesis: Genesis; readonly folders: readonly string[] };
  readonly weightsRoot: Hex;
  readonly lineage: Readonly<Record<string, unknown>> | undefined;
  /** Of the settled model of a node. */
  readonly network?: { readonly genesis: Genesis; readonly modelRoot: Hex };
  /** Fills [parameterLayout(config).count] values. @throws RUN_CHECKPOINT_DAMAGED when they do not have the root */
  readWeights(out: Float32Array): Promise<void>;
}

/** @throws RUN_MISSING when the folder holds none of them; RUN_INVALID, RUN_CHECKPOINT_DAMAGED */
export async function openStoredModel(directory: string, dependencies: { readonly now: () => number }): Promise<StoredModel> {
  const path = join(directory, MODEL_FILE);
  const bytes = await readIfPresent(path);
  if (bytes !== undefined) return modelOf(directory, parseModel(parseJson(bytes), path));
  const settled = await openSettledModel(directory);
  if (settled !== undefined) return settled;
  const { document, checkpoints } = await readRun(directory, dependencies);
  const newest = checkpoints.listed[0];
  if (document === undefined || newest === undefined) {
    throw runError(
      'RUN_MISSING',
      `${directory} holds no model: name the --out folder of "pol-node train" after its first checkpoint, or the --output folder of "pol-node import"`,
    );
  }
  const { config, lineage } = document;
  return {
    config: config.model,
    tokenizer: config.tokenizer.kind === 'gpt2' ? config.tokenizer : { kind: 'file', directory },
    weightsRoot: newest.weights_root,
    lineage: {
      kind: 'run',
      steps: newest.step,
      weights_root: newest.weights_root,
      state_root: newest.state_root,
      ...(newest.held_out === undefined ? {} : { held_out: newest.held_out }),
      config,
      events: lineage,
    },
    async readWeights(out) {
      const found = await checkpoints.restoreWeights(out, ({ step }) => {
        throw runError('RUN_CHECKPOINT_DAMAGED', `the weights of step ${step} in ${directory} are damaged; train on, or restore them`);
      });
      // A run that trains meanwhile may have saved a newer one.
      if (found?.step !== newest.step) throw runError('RUN_CHECKPOINT_DAMAGED', `${directory} has saved since; run the command again`);
    },
  };
}

/**
 * The settled model that a node's data directory holds; it may run meanwhile. Its genesis lies there, or beside the network's configurations.
 * Undefined when the directory is no node's.
 */
async function openSettledModel(directory: string): Promise<StoredModel | undefined> {
  for (const path of [join(directory, 'genesis.json'), join(directory, '..', '..', 'genesis.json')]) {
    const bytes = await readIfPresent(path);
    if (bytes === undefined) continue;
    const genesis = parseGenesis(parseJson(bytes));
    const models = join(directory, 'learning', 'models');
    const newest = (await readManifest(models, genesisHash(genesis)))?.generations[0];
    if (newest === undefined) continue;
    const vectors = await openVectorStore({ directory: models, parameters: parameterLayout(genesis.model).count });
    const { weights: root } = newest.settled;
    const modelRoot = toHex(modelRootOf(newest.settled));
    return {
      network: { genesis, modelRoot },
      config: genesis.model,
      tokenizer:
        genesis.tokenizer.kind === 'gpt2'
          ? genesis.tokenizer
          : { kind: 'assets', genesis, folders: [join(directory, ASSETS_FOLDER), join(path, '..', ASSETS_FOLDER)] },
      weightsRoot: toHex(root),
      lineage: {
        kind: 'network',
        network: genesis.name,
        chain_id: genesis.chain_id,
        genesis_hash: toHex(genesisHash(genesis)),
        open_round: newest.openRound,
        model_root: modelRoot,
        weights_root: toHex(root),
        data_root: genesis.data.root,
        ...(genesis.base_model === undefined ? {} : { base_weights_root: genesis.base_model.weights_root }),
      },
      readWeights: async (out) => out.set(await vectors.read(root)),
    };
  }
  return undefined;
}

/** Writes a model's folder, its description last: a folder that has one is whole. */
export async function writeStoredModel(
  directory: string,
  model: {
    readonly config: ModelConfig;
    readonly weights: Float32Array;
    /** Undefined: GPT-2's. */
    readonly tokenizer: { readonly json: string; readonly configJson: string } | undefined;
    readonly lineage: Readonly<Record<string, unknown>> | undefined;
  },
): Promise<{ readonly weightsRoot: Hex }> {
  const { config, weights, tokenizer, lineage } = model;
  await subdirectory(directory, '.');
  await writeVectors(join(directory, WEIGHTS_FILE), [weights]);
  if (tokenizer !== undefined) {
    await writeFileDurably(join(directory, TOKENIZER_FILE), Buffer.from(tokenizer.json));
    await writeFileDurably(join(directory, TOKENIZER_CONFIG_FILE), Buffer.from(tokenizer.configJson));
  }
  const weightsRoot = toHex(vectorRoot(weights));
  const document: ModelDocument = {
    format: 'pol-model-1',
    parameters: weights.length,
    model: config,
    tokenizer: { kind: tokenizer === undefined ? 'gpt2' : 'file' },
    weights_root: weightsRoot,
    ...(lineage === undefined ? {} : { lineage }),
  };
  await writeFileDurably(join(directory, MODEL_FILE), jsonBytes(document));
  return { weightsRoot };
}

function modelOf(directory: string, document: ModelDocument): StoredModel {
  const path = join(directory, WEIGHTS_FILE);
  return {
    config: document.model,
    tokenizer: document.tokenizer.kind === 'gpt2' ? { kind: 'gpt2' } : { kind: 'file', directory },
    weightsRoot: document.weights_root as Hex,
    lineage: document.lineage,
    async readWeights(out) {
      if ((await readVectors(path, [out])) && toHex(vectorRoot(out)) === document.weights_root) return;
      throw runError('RUN_CHECKPOINT_DAMAGED', `${path} does not have the bits that ${MODEL_FILE} names; import or copy the model again`);
    },
  };
}

function parseModel(document: unknown, path: string): ModelDocument {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw runError('RUN_INVALID', `${path}: ${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'invalid'}; restore it`);
  }
  if (parsed.data.parameters !== parameterLayout(parsed.data.model).count) {
    throw runError('RUN_INVALID', `${path}: parameters: the model has ${parameterLayout(parsed.data.model).count}; restore it`);
  }
  return parsed.data;
}
