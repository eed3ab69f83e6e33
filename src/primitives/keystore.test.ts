import { describe, expect, it } from 'vitest';
import { toHex } from './bytes.ts';
import { PolError } from './errors.ts';
import { signerFromPrivateKey } from './keys.ts';
import { decryptKeystore, encryptKeystore, type Keystore, keystoreAddress } from './keystore.ts';

/** The two test vectors of the Web3 Secret Storage definition: one key, one password. */
const PASSWORD = 'testpassword';
const SECRET = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
const SCRYPT_VECTOR = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: { dklen: 32, n: 262144, p: 8, r: 1, salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19' },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};
const PBKDF2_VECTOR = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};
const CHEAP = { n: 2, r: 8, p: 1 };

async function failure(promise: Promise<unknown>): Promise<PolError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PolError)) throw new Error(`expected a PolError, got ${String(error)}`);
  return error;
}

describe('keystore', () => {
  it.each([
    ['scrypt', SCRYPT_VECTOR],
    ['pbkdf2', PBKDF2_VECTOR],
  ])('opens the published %s vector', async (_kdf, vector) => {
    expect(toHex(await decryptKeystore(vector, PASSWORD))).toBe(SECRET);
  });

  it('reads JSON text, and `Crypto` as ethers writes it', async () => {
    const { crypto, ...rest } = PBKDF2_VECTOR;
    expect(toHex(await decryptKeystore(JSON.stringify({ ...rest, Crypto: crypto }), PASSWORD))).toBe(SECRET);
  });

  it('opens what it wrote, and names the address without the password', async () => {
    const key = new Uint8Array(32).fill(7);
    const keystore = await encryptKeystore(key, 'pässword', CHEAP);
    expect(await decryptKeystore(JSON.stringify(keystore), 'pässword')).toEqual(key);
    expect(keystoreAddress(keystore)).toEqual(signerFromPrivateKey(key).address);
  });

  it('refuses a wrong password', async () => {
    const keystore = await encryptKeystore(new Uint8Array(32).fill(7), 'right', CHEAP);
    expect((await failure(decryptKeystore(keystore, 'wrong'))).code).toBe('KEYSTORE_WRONG_PASSWORD');
  });

  it('refuses an address that is not the key’s', async () => {
    const keystore = await encryptKeystore(new Uint8Array(32).fill(7), 'p', CHEAP);
    const error = await failure(decryptKeystore({ ...keystore, address: '00'.repeat(20) }, 'p'));
    expect(error).toMatchObject({ code: 'KEYSTORE_INVALID', message: expect.stringContaining('address') });
  });

  it.each<[string, (keystore: Keystore) => unknown, string]>([
    ['text that is not JSON', () => '{', 'not JSON'],
    ['another version', (k) => ({ ...k, version: 1 }), 'version'],
    ['no crypto', ({ crypto: _, ...k }) => k, 'crypto'],
    ['another cipher', (k) => withCrypto(k, { cipher: 'aes-256-gcm' }), 'crypto.cipher'],
    ['a short iv', (k) => withCrypto(k, { cipherparams: { iv: '00' } }), 'crypto.cipherparams.iv'],
    ['a ciphertext that is no hexadecimal', (k) => withCrypto(k, { ciphertext: 'zz' }), 'crypto.ciphertext'],
    ['a missing mac', (k) => withCrypto(k, { mac: undefined }), 'crypto.mac'],
    ['an unknown kdf', (k) => withCrypto(k, { kdf: 'argon2' }), 'crypto.kdf'],
    ['a cost that is no power of two', (k) => withKdf(k, { n: 1000 }), 'crypto.kdfparams.n'],
    ['a cost that would exhaust the memory', (k) => withKdf(k, { n: 2 ** 30 }), 'crypto.kdfparams'],
  ])('refuses %s and names the field', async (_name, damage, field) => {
    const keystore = await encryptKeystore(new Uint8Array(32).fill(7), 'p', CHEAP);
    const error = await failure(decryptKeystore(damage(keystore), 'p'));
    expect(error).toMatchObject({ code: 'KEYSTORE_INVALID', message: expect.stringContaining(field) });
  });
});

function withCrypto(keystore: Keystore, change: object): unknown {
  return { ...keystore, crypto: { ...keystore.crypto, ...change } };
}

function withKdf(keystore: Keystore, change: object): unknown {
  return withCrypto(keystore, { kdfparams: { ...keystore.crypto.kdfparams, ...change } });
}
