import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ApiKey, parseApiKeys } from '../api/openai/keys.ts';
import { decodePeerKey, encodePeerKey, generatePeerKey, type PeerKey } from '../network/peer-key.ts';
import type { NodeConfig } from '../params/node-config.ts';
import { messageOf } from '../primitives/errors.ts';
import { generatePrivateKey } from '../primitives/keys.ts';
import { decryptKeystore, encryptKeystore, LIGHT_SCRYPT } from '../primitives/keystore.ts';
import { nodeError } from './errors.ts';

const PRIVATE_FILE_MODE = 0o600;

/** The secp256k1 key of the node's account: from the configured keystore, or one made in the data directory. */
export async function loadAccountKey(config: NodeConfig): Promise<Uint8Array> {
  const keyFile = config.key_file ?? join(config.data_dir, 'key.json');
  const passwordFile = config.password_file ?? join(dirname(keyFile), `${keyFile.endsWith('key.json') ? 'key' : 'node'}.password`);
  const keystore = await readOptional(keyFile);
  if (keystore === undefined) {
    if (config.key_file !== undefined) {
      throw nodeError('NODE_FILE', `key_file ${config.key_file} does not exist: make one with "pol-node keys new"`);
    }
    return makeAccountKey(keyFile, passwordFile);
  }
  const password = await readOptional(passwordFile);
  if (password === undefined) throw nodeError('NODE_FILE', `password_file ${passwordFile} does not exist: it opens ${keyFile}`);
  return decryptKeystore(keystore, password.trim());
}

async function makeAccountKey(keyFile: string, passwordFile: string): Promise<Uint8Array> {
  const privateKey = generatePrivateKey();
  const password = randomBytes(24).toString('base64url');
  const keystore = await encryptKeystore(privateKey, password, LIGHT_SCRYPT);
  await writePrivate(passwordFile, `${password}\n`);
  await writePrivate(keyFile, `${JSON.stringify(keystore, undefined, 2)}\n`);
  return privateKey;
}

/** The Ed25519 key that gives the node its lasting peer id. */
export async function loadPeerKey(config: NodeConfig): Promise<PeerKey> {
  const file = join(config.data_dir, 'peer.key');
  const stored = await readOptional(file);
  if (stored !== undefined) return decodePeerKey(stored.trim());
  const key = generatePeerKey();
  await writePrivate(file, `${encodePeerKey(key)}\n`);
  return key;
}

/** Keys that `/v1` answers to; undefined: to everybody. @throws NODE_FILE, API_KEYS_INVALID */
export async function loadApiKeys(config: NodeConfig): Promise<readonly ApiKey[] | undefined> {
  const file = config.api_keys_file;
  if (file === undefined) return undefined;
  const text = await readOptional(file);
  if (text === undefined) throw nodeError('NODE_FILE', `api_keys_file ${file} does not exist: make a key with "pol-node keys api"`);
  try {
    return parseApiKeys(JSON.parse(text));
  } catch (cause) {
    throw nodeError('NODE_FILE', `api_keys_file ${file}: ${messageOf(cause)}`, { cause });
  }
}

/** A token that is guessed gives the coins away. */
const LEAST_TOKEN_CHARACTERS = 32;

/** What lets its bearer spend over the API; undefined: nothing does. @throws NODE_FILE */
export async function loadSpendingToken(config: NodeConfig): Promise<string | undefined> {
  const file = config.spending_token_file;
  if (file === undefined) return undefined;
  const token = (await readOptional(file))?.trim();
  if (token === undefined) throw nodeError('NODE_FILE', `spending_token_file ${file} does not exist: openssl rand -hex 32 > ${file}`);
  if (token.length < LEAST_TOKEN_CHARACTERS || /\s/.test(token)) {
    throw nodeError(
      'NODE_FILE',
      `spending_token_file ${file} must hold one word of ${LEAST_TOKEN_CHARACTERS} characters or more: openssl rand -hex 32 > ${file}`,
    );
  }
  return token;
}

async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode: PRIVATE_FILE_MODE, flag: 'wx' });
}

/** A file's text; undefined when there is no such file. @throws NODE_FILE */
export async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw nodeError('NODE_FILE', `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}
