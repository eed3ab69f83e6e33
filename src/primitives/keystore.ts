import { createCipheriv, createDecipheriv, pbkdf2, randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { concatBytes } from './bytes.ts';
import { errorDomain } from './errors.ts';
import { keccak256 } from './hash.ts';
import { type Address, signerFromPrivateKey } from './keys.ts';

/*
 * Web3 Secret Storage, version 3: the encrypted key file of geth, MetaMask, ethers and web3.js.
 * https://ethereum.org/en/developers/docs/data-structures-and-encoding/web3-secret-storage/
 */

const keystoreError = errorDomain({
  KEYSTORE_INVALID: { explanation: 'The key file is not a version 3 keystore this program can read.' },
  KEYSTORE_WRONG_PASSWORD: { explanation: 'The password does not open the key file.' },
});

/** Cost of scrypt: memory is 128·n·r bytes. */
export interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** 256 MiB and about a second: for keys that hold value (geth's standard). */
export const STANDARD_SCRYPT: ScryptCost = { n: 262_144, r: 8, p: 1 };
/** 4 MiB and some tens of milliseconds: for generated nodes with long random passwords (geth's light). */
export const LIGHT_SCRYPT: ScryptCost = { n: 4096, r: 8, p: 6 };

const MAX_KDF_MEMORY_BYTES = 1024 * 1024 * 1024;
const MAX_PBKDF2_ITERATIONS = 10_000_000;
const MAX_SALT_BYTES = 1024;
const DERIVED_KEY_BYTES = 32;
const PRIVATE_KEY_BYTES = 32;

export interface Keystore {
  readonly version: 3;
  readonly id: string;
  /** Lower-case hexadecimal without 0x. */
  readonly address: string;
  readonly crypto: {
    readonly cipher: 'aes-128-ctr';
    readonly cipherparams: { readonly iv: string };
    readonly ciphertext: string;
    readonly kdf: 'scrypt';
    readonly kdfparams: { readonly dklen: number; readonly n: number; readonly r: number; readonly p: number; readonly salt: string };
    readonly mac: string;
  };
}

/**
 * Encrypts a private key (32 bytes) under a password.
 * @throws KEY_INVALID
 */
export async function encryptKeystore(
  privateKey: Uint8Array,
  password: string,
  cost: ScryptCost = STANDARD_SCRYPT,
  random: (length: number) => Uint8Array = randomBytes,
): Promise<Keystore> {
  const { address } = signerFromPrivateKey(privateKey);
  const salt = random(32);
  const iv = random(16);
  const derived = await deriveScrypt(password, salt, cost);
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const ciphertext = concatBytes(cipher.update(privateKey), cipher.final());
  return {
    version: 3,
    id: randomUUID(),
    address: bareHex(address),
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: bareHex(iv) },
      ciphertext: bareHex(ciphertext),
      kdf: 'scrypt',
      kdfparams: { dklen: DERIVED_KEY_BYTES, ...cost, salt: bareHex(salt) },
      mac: bareHex(keccak256(concatBytes(derived.subarray(16, 32), ciphertext))),
    },
  };
}

/**
 * The private key (32 bytes) of a version 3 keystore: a parsed object or its JSON text. Reads scrypt and PBKDF2, `crypto` and `Crypto`.
 * @throws KEYSTORE_INVALID naming the field, KEYSTORE_WRONG_PASSWORD
 */
export async function decryptKeystore(document: unknown, password: string): Promise<Uint8Array> {
  const keystore = asObject(parseDocument(document), 'document');
  const crypto = cryptoOf(keystore);
  if (crypto.cipher !== 'aes-128-ctr') throw invalid('crypto.cipher', 'must be "aes-128-ctr"');
  const iv = hexField(asObject(crypto.cipherparams, 'crypto.cipherparams').iv, 'crypto.cipherparams.iv', 16);
  const ciphertext = hexField(crypto.ciphertext, 'crypto.ciphertext', PRIVATE_KEY_BYTES);
  const mac = hexField(crypto.mac, 'crypto.mac', 32);
  const derived = await deriveKey(crypto, password);
  if (!timingSafeEqual(keccak256(concatBytes(derived.subarray(16, 32), ciphertext)), mac)) {
    throw keystoreError('KEYSTORE_WRONG_PASSWORD', 'the password does not open this key file');
  }
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const privateKey = concatBytes(decipher.update(ciphertext), decipher.final());
  const { address } = signerFromPrivateKey(privateKey);
  if (typeof keystore.address === 'string' && keystore.address.replace(/^0x/i, '').toLowerCase() !== bareHex(address)) {
    throw invalid('address', `does not belong to the key inside, which is 0x${bareHex(address)}`);
  }
  return privateKey;
}

/**
 * The address a keystore says it holds, without opening it.
 * @throws KEYSTORE_INVALID when the (optional) field is absent or malformed
 */
export function keystoreAddress(document: unknown): Address {
  const keystore = asObject(parseDocument(document), 'document');
  cryptoOf(keystore);
  if (keystore.address === undefined) throw invalid('address', 'is absent; the password is needed to find it');
  return hexField(keystore.address, 'address', 20);
}

type Fields = Readonly<Record<string, unknown>>;

function parseDocument(document: unknown): unknown {
  if (typeof document !== 'string') return document;
  try {
    return JSON.parse(document);
  } catch (cause) {
    throw keystoreError('KEYSTORE_INVALID', 'keystore: the file is not JSON', { cause });
  }
}

function cryptoOf(keystore: Fields): Fields {
  if (keystore.version !== 3) throw invalid('version', 'must be 3');
  return asObject(keystore.crypto ?? keystore.Crypto, 'crypto');
}

function deriveKey(crypto: Fields, password: string): Promise<Uint8Array> {
  const params = asObject(crypto.kdfparams, 'crypto.kdfparams');
  const salt = hexField(params.salt, 'crypto.kdfparams.salt');
  if (params.dklen !== DERIVED_KEY_BYTES) throw invalid('crypto.kdfparams.dklen', `must be ${DERIVED_KEY_BYTES}`);
  if (crypto.kdf === 'scrypt') {
    const cost = {
      n: positive(params.n, 'crypto.kdfparams.n'),
      r: positive(params.r, 'crypto.kdfparams.r'),
      p: positive(params.p, 'crypto.kdfparams.p'),
    };
    if (cost.n < 2 || !Number.isInteger(Math.log2(cost.n))) throw invalid('crypto.kdfparams.n', 'must be a power of two');
    if (scryptMemoryBytes(cost) > MAX_KDF_MEMORY_BYTES) {
      throw invalid('crypto.kdfparams', `asks for more than ${MAX_KDF_MEMORY_BYTES} bytes of memory`);
    }
    return deriveScrypt(password, salt, cost);
  }
  if (crypto.kdf === 'pbkdf2') {
    if (params.prf !== 'hmac-sha256') throw invalid('crypto.kdfparams.prf', 'must be "hmac-sha256"');
    const iterations = positive(params.c, 'crypto.kdfparams.c');
    if (iterations > MAX_PBKDF2_ITERATIONS) throw invalid('crypto.kdfparams.c', `must be at most ${MAX_PBKDF2_ITERATIONS}`);
    return promisify(pbkdf2)(password, salt, iterations, DERIVED_KEY_BYTES, 'sha256');
  }
  throw invalid('crypto.kdf', 'must be "scrypt" or "pbkdf2"');
}

function deriveScrypt(password: string, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array> {
  const options = { N: cost.n, r: cost.r, p: cost.p, maxmem: 2 * scryptMemoryBytes(cost) };
  // RFC 7914 wants n < 2^(16·r) and OpenSSL enforces it; key files that break the rule, the published vector among them, exist.
  if (cost.n >= 2 ** (16 * cost.r)) return scryptAsync(password, salt, { ...options, dkLen: DERIVED_KEY_BYTES });
  return new Promise((resolve, reject) => {
    scrypt(password, salt, DERIVED_KEY_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

/** RFC 7914: the vector V, and the p blocks of B. */
function scryptMemoryBytes({ n, r, p }: ScryptCost): number {
  return 128 * r * (n + p + 2);
}

function asObject(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, 'must be an object');
  return value as Fields;
}

function positive(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw invalid(field, 'must be a positive whole number');
  return value;
}

/** Hexadecimal with or without 0x: both are seen in the wild. */
function hexField(value: unknown, field: string, bytes?: number): Uint8Array {
  const text = typeof value === 'string' ? value.replace(/^0x/i, '') : '';
  const length = text.length / 2;
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(text) || (bytes !== undefined && length !== bytes) || length > MAX_SALT_BYTES) {
    throw invalid(field, bytes === undefined ? 'must be hexadecimal' : `must be ${bytes} bytes of hexadecimal`);
  }
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function bareHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function invalid(field: string, rule: string) {
  return keystoreError('KEYSTORE_INVALID', `keystore: ${field} ${rule}`);
}
