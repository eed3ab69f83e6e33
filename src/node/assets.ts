import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fetchedTokensPath } from '../data/dataset.ts';
import { openSource } from '../data/source.ts';
import { findTokens, readTokens, tokenFileBytes } from '../data/token-cache.ts';
import { ASSETS_FOLDER, assetsOf, findAsset } from '../learning/assets.ts';
import { fetchAsset } from '../network/fetch-asset.ts';
import type { Genesis } from '../params/genesis.ts';
import type { NodeConfig } from '../params/node-config.ts';
import { equalBytes, fromHex, type Hex, toHex } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import { datasetCacheOf } from './paths.ts';

/** A file of some gigabytes over a slow line. */
const FETCH_TIMEOUT_MS = 3_600_000;
/** Boot nodes that do not have the text leave it to its source. */
const TOKENS_TIMEOUT_MS = 30_000;

/** Where files that the genesis names by hash lie: the node's own folder, and the one beside the genesis file. */
export function assetFolders(config: NodeConfig): readonly string[] {
  const own = join(config.data_dir, ASSETS_FOLDER);
  return config.genesis_file === undefined ? [own] : [own, join(dirname(config.genesis_file), ASSETS_FOLDER)];
}

/**
 * Sees that every file the network needs is here before learning starts: what is missing comes from boot nodes. The text comes from its
 * source where that is on this machine, else as tokens from boot nodes, and last from wherever its source is.
 * @throws NETWORK_UNREACHABLE when a tokenizer or base model is nowhere
 */
export async function ensureAssets(config: NodeConfig, genesis: Genesis, log: Logger): Promise<void> {
  const folders = assetFolders(config);
  for (const asset of assetsOf(genesis)) {
    const found = await findAsset(asset.file, folders);
    if (found !== undefined && (await asset.isWhole(found))) continue;
    log.info({ file: asset.file, bytes: asset.maxBytes }, 'fetching a file of the network from boot nodes');
    const path = join(folders[0] as string, asset.file);
    await mkdir(dirname(path), { recursive: true });
    await fetchAsset({ ...asset, path }, { bootNodes: config.boot_nodes, timeoutMs: FETCH_TIMEOUT_MS });
  }
  await ensureText(config, genesis, log);
}

async function ensureText(config: NodeConfig, { data, model }: Genesis, log: Logger): Promise<void> {
  const cache = datasetCacheOf(config);
  const hash = fromHex(data.root as Hex, 32);
  if (config.boot_nodes.length === 0 || (await findTokens(cache, hash)) !== undefined) return;
  const isHere = await openSource(data.source, { baseDirectory: process.cwd() }).then(
    () => true,
    () => false,
  );
  if (isHere) return;
  log.info({ source: data.source, tokens: data.tokens }, 'the text is not on this machine: asking boot nodes for its tokens');
  await mkdir(cache, { recursive: true });
  const wish = {
    hash,
    path: fetchedTokensPath(cache, hash),
    maxBytes: tokenFileBytes(model.vocab_size, data.tokens),
    isWhole: async (path: string) => {
      const read = await readTokens(path, model.vocab_size);
      return read !== undefined && equalBytes(read.root, hash);
    },
  };
  await fetchAsset(wish, { bootNodes: config.boot_nodes, timeoutMs: TOKENS_TIMEOUT_MS }).catch((error: unknown) => {
    log.warn({ reason: messageOf(error) }, 'no boot node gave the tokens; trying the source itself');
  });
}

/** Finds what `serveAssets` is asked for. */
export function createAssetFinder(config: NodeConfig, genesis: Genesis): (hash: Hash) => Promise<string | undefined> {
  const folders = assetFolders(config);
  const files = new Map(assetsOf(genesis).map(({ hash, file }) => [toHex(hash), file]));
  let tokens: Promise<string | undefined> | undefined;
  return async (hash) => {
    const name = toHex(hash);
    const file = files.get(name);
    if (file !== undefined) return findAsset(file, folders);
    if (name !== genesis.data.root) return undefined;
    tokens ??= findTokens(datasetCacheOf(config), hash);
    const found = await tokens;
    // Not tokenised yet: it may be there the next time.
    if (found === undefined) tokens = undefined;
    return found;
  };
}
