import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTextTokenizer, gpt2TextTokenizer, type TextTokenizer } from '../data/text-tokenizer.ts';
import { bundleOf, gpt2Bundle, type TokenizerBundle } from '../data/tokenizers/bundle.ts';
import { MAX_TOKENIZER_BYTES } from '../data/tokenizers/tokenizer-json.ts';
import { parameterLayout } from '../model/layout.ts';
import type { Genesis } from '../params/genesis.ts';
import { equalBytes, fromHex, type Hex, toHex } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { vectorRoot } from './chunks.ts';
import { learningError } from './errors.ts';
import { parseJson } from './files.ts';
import { readVectors } from './vector-file.ts';

/*
 * Files that a genesis names by hash and that no package brings: a tokenizer's, and the weights of a base model. They lie in a folder
 * beside the genesis file, or in the node's own, under their hash; who has neither gets them from peers.
 */

export const ASSETS_FOLDER = 'assets';

/** A file that a node of the network needs. */
export interface Asset {
  readonly hash: Hash;
  /** Its name in a folder of assets. */
  readonly file: string;
  readonly maxBytes: number;
  /** Whether a file has the content that the hash names. */
  isWhole(path: string): Promise<boolean>;
}

/** Every file that a network's nodes need beside its genesis. */
export function assetsOf(genesis: Genesis): readonly Asset[] {
  const assets: Asset[] = [];
  const { tokenizer, base_model: base } = genesis;
  if (tokenizer.kind === 'file') assets.push(textAsset(tokenizer.hash), textAsset(tokenizer.config_hash));
  if (base !== undefined) {
    const { count } = parameterLayout(genesis.model);
    const hash = fromHex(base.weights_root as Hex, 32);
    assets.push({
      hash,
      file: weightsFile(base.weights_root),
      maxBytes: 4 * count,
      async isWhole(path) {
        const weights = new Float32Array(count);
        return (await readVectors(path, [weights])) && equalBytes(vectorRoot(weights), hash);
      },
    });
  }
  return assets;
}

function textAsset(name: string): Asset {
  const hash = fromHex(name as Hex, 32);
  const isWhole = async (path: string): Promise<boolean> => equalBytes(sha256(await readFile(path)), hash);
  return { hash, file: textFile(name), maxBytes: MAX_TOKENIZER_BYTES, isWhole };
}

/** Names in a folder of assets. */
export const textFile = (hash: string): string => `${hash.slice(2)}.json`;
export const weightsFile = (root: string): string => `${root.slice(2)}.f32`;

/** Where an asset lies; undefined when no folder has it. Not verified. */
export async function findAsset(file: string, directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const path = join(directory, file);
    if (
      await stat(path).then(
        (found) => found.isFile(),
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

/** The network's tokenizer, by its files. @throws LEARNING_ASSET_MISSING, DATA_TOKENIZER_INVALID */
export async function openTokenizer(
  { tokenizer, model }: Pick<Genesis, 'tokenizer' | 'model'>,
  directories: readonly string[],
): Promise<TokenizerBundle> {
  const files = await readTokenizerFiles({ tokenizer }, directories);
  if (files === undefined) return gpt2Bundle(model.vocab_size);
  return bundleOf(files.tokenizer, configObject(files.config), 'the network’s tokenizer');
}

/** Contents of the tokenizer's files; undefined where it is GPT-2's, which has none. @throws LEARNING_ASSET_MISSING */
export async function readTokenizerFiles({ tokenizer }: Pick<Genesis, 'tokenizer'>, directories: readonly string[]) {
  if (tokenizer.kind === 'gpt2') return undefined;
  const [json, config] = await Promise.all([readText(tokenizer.hash, directories), readText(tokenizer.config_hash, directories)]);
  return { tokenizer: json, config };
}

/** As `openTokenizer`, for encoding. */
export async function openTextTokenizer(
  network: Pick<Genesis, 'tokenizer' | 'model'>,
  directories: readonly string[],
): Promise<TextTokenizer> {
  const { vocab_size: vocabSize } = network.model;
  if (network.tokenizer.kind === 'gpt2') return gpt2TextTokenizer(vocabSize);
  return fileTextTokenizer(await openTokenizer(network, directories), vocabSize);
}

/** Weights of the base model. @throws LEARNING_ASSET_MISSING */
export async function readBaseWeights({ model, base_model: base }: Genesis, directories: readonly string[]): Promise<Float32Array> {
  const root = base?.weights_root ?? '';
  const path = await findAsset(weightsFile(root), directories);
  const weights = new Float32Array(parameterLayout(model).count);
  if (path !== undefined && (await readVectors(path, [weights])) && toHex(vectorRoot(weights)) === root) return weights;
  throw missing(`the base model ${root}`, path);
}

async function readText(hash: string, directories: readonly string[]): Promise<string> {
  const path = await findAsset(textFile(hash), directories);
  const bytes = path === undefined ? undefined : await readFile(path);
  if (bytes === undefined || toHex(sha256(bytes)) !== hash) throw missing(`the tokenizer file ${hash}`, path);
  return bytes.toString('utf8');
}

function configObject(text: string): Readonly<Record<string, unknown>> {
  const document = parseJson(Buffer.from(text));
  return typeof document === 'object' && document !== null && !Array.isArray(document) ? (document as Record<string, unknown>) : {};
}

function missing(what: string, path: string | undefined) {
  const why = path === undefined ? 'is not here' : `is not what ${path} holds`;
  return learningError(
    'LEARNING_ASSET_MISSING',
    `${what} ${why}: copy the network’s ${ASSETS_FOLDER} folder beside its genesis file, or name boot nodes that have it`,
  );
}
