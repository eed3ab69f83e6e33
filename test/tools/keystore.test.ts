import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/primitives/bytes.ts';
import { decryptKeystore, encryptKeystore, LIGHT_SCRYPT } from '../../src/primitives/keystore.ts';
import { keyFromPhrase } from '../../src/primitives/phrase.ts';
import { ALICE_KEY } from './token.ts';
import { hasTool, importTool } from './tools.ts';

/** The parts of ethers 6 and web3.js 4 that know keys. */
interface Wallet {
  readonly privateKey: string;
}
interface Ethers {
  readonly Wallet: {
    fromEncryptedJson(json: string, password: string): Promise<Wallet>;
  };
  readonly HDNodeWallet: { fromPhrase(words: string, passphrase: string, path: string): Wallet };
  encryptKeystoreJson(account: { address: string; privateKey: string }, password: string, options: object): Promise<string>;
  computeAddress(key: string): string;
}
interface Accounts {
  encrypt(key: string, password: string, options: object): Promise<object>;
}

const PASSWORD = 'pässword, not short';
const WORDS = 'legal winner thank year wave sausage worth useful legal winner thank yellow';

describe.skipIf(!hasTool('ethers') || !hasTool('web3'))('key files and phrases, by other programs', () => {
  it('opens what ethers writes (scrypt, "Crypto") and what web3.js writes (PBKDF2)', async () => {
    const ethers = await importTool<Ethers>('ethers');
    const account = { address: ethers.computeAddress(ALICE_KEY), privateKey: ALICE_KEY };
    const { n: N, r, p } = LIGHT_SCRYPT;
    const written = await ethers.encryptKeystoreJson(account, PASSWORD, { scrypt: { N, r, p } });
    expect(written).toContain('"Crypto"');
    expect(toHex(await decryptKeystore(written, PASSWORD))).toBe(ALICE_KEY);

    const { encrypt } = await importTool<Accounts>('web3-eth-accounts');
    const other = await encrypt(ALICE_KEY, PASSWORD, { kdf: 'pbkdf2', c: 2000 });
    expect(other).toMatchObject({ crypto: { kdf: 'pbkdf2' } });
    expect(toHex(await decryptKeystore(other, PASSWORD))).toBe(ALICE_KEY);
    await expect(decryptKeystore(other, 'another')).rejects.toMatchObject({ code: 'KEYSTORE_WRONG_PASSWORD' });
  });

  it('writes what ethers opens', async () => {
    const ethers = await importTool<Ethers>('ethers');
    const written = JSON.stringify(await encryptKeystore(Buffer.from(ALICE_KEY.slice(2), 'hex'), PASSWORD, LIGHT_SCRYPT));
    expect((await ethers.Wallet.fromEncryptedJson(written, PASSWORD)).privateKey).toBe(ALICE_KEY);
  });

  it('derives the keys that ethers derives', async () => {
    const { HDNodeWallet } = await importTool<Ethers>('ethers');
    for (const [passphrase, path] of [
      ['', "m/44'/60'/0'/0/0"],
      ['TREZOR', "m/44'/60'/3'/0/7"],
      ['pässword', "m/0/1'/2147483647'"],
    ] as const) {
      expect(toHex(await keyFromPhrase(WORDS, path, passphrase))).toBe(HDNodeWallet.fromPhrase(WORDS, passphrase, path).privateKey);
    }
  });
});
