import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchGenesis } from '../network/fetch-genesis.ts';
import { type Genesis, genesisHash, parseGenesis } from '../params/genesis.ts';
import type { NodeConfig } from '../params/node-config.ts';
import { toHex } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import { nodeError } from './errors.ts';
import { readOptional } from './keys.ts';
import { createOwnNetwork } from './own-network.ts';

const FETCH_TIMEOUT_MS = 20_000;

/**
 * The network this node belongs to, by the first that applies: the configured genesis file, the one kept in the data
 * directory, the boot nodes' (then kept), or a new one-authority network of its own (then kept).
 * @throws NODE_*, GENESIS_INVALID
 */
export async function resolveGenesis(config: NodeConfig, privateKey: Uint8Array, log: Logger): Promise<Genesis> {
  const genesis = await findGenesis(config, privateKey, log);
  const hash = toHex(genesisHash(genesis));
  if (config.genesis_hash !== undefined && hash !== config.genesis_hash) {
    throw nodeError('NODE_GENESIS_PINNED', `the genesis found has hash ${hash}, but genesis_hash pins ${config.genesis_hash}`);
  }
  return genesis;
}

async function findGenesis(config: NodeConfig, privateKey: Uint8Array, log: Logger): Promise<Genesis> {
  if (config.genesis_file !== undefined) {
    const text = await readOptional(config.genesis_file);
    if (text === undefined) throw nodeError('NODE_NO_GENESIS', `genesis_file ${config.genesis_file} does not exist`);
    return parseDocument(text, config.genesis_file);
  }
  const kept = join(config.data_dir, 'genesis.json');
  const text = await readOptional(kept);
  if (text !== undefined) return parseDocument(text, kept);
  const genesis = await (config.boot_nodes.length > 0 ? askBootNodes(config, log) : createOwnNetwork(config, privateKey, log));
  await mkdir(config.data_dir, { recursive: true });
  await writeFile(`${kept}.tmp`, `${JSON.stringify(genesis, undefined, 2)}\n`);
  await rename(`${kept}.tmp`, kept);
  return genesis;
}

async function askBootNodes(config: NodeConfig, log: Logger): Promise<Genesis> {
  const bytes = await fetchGenesis({ bootNodes: config.boot_nodes, timeoutMs: FETCH_TIMEOUT_MS });
  const genesis = parseDocument(new TextDecoder().decode(bytes), 'the boot node’s genesis');
  log.info(
    { network: genesis.name, genesis: toHex(genesisHash(genesis)) },
    'took the genesis from a boot node; compare its hash with one you trust, and pin it with --genesis-hash',
  );
  return genesis;
}

function parseDocument(text: string, where: string): Genesis {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw nodeError('NODE_NO_GENESIS', `${where} is not JSON: ${messageOf(cause)}`, { cause });
  }
  return parseGenesis(document);
}
