import { describe, expect, it } from 'vitest';
import { toHex } from './bytes.ts';
import { checksumAddress, signerFromPrivateKey } from './keys.ts';
import { keyFromPhrase } from './phrase.ts';

const JUNK = 'test test test test test test test test test test test junk';

describe('keys from a phrase', () => {
  it('are those of Hardhat’s and Anvil’s accounts', async () => {
    const first = await keyFromPhrase(JUNK);
    expect(toHex(first)).toBe('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
    const second = await keyFromPhrase(`  ${JUNK.toUpperCase().replaceAll(' ', '\n')} `, "m/44'/60'/0'/0/1");
    expect(checksumAddress(signerFromPrivateKey(second).address)).toBe('0x70997970C51812dc3A010C7d01b50e0d17dc79C8');
  });

  it('depend on the passphrase', async () => {
    expect(await keyFromPhrase(JUNK, undefined, 'TREZOR')).not.toEqual(await keyFromPhrase(JUNK));
  });

  it('refuse words and paths that are none, and do not repeat the words', async () => {
    for (const words of ['', 'test test', JUNK.replace('junk', 'test'), JUNK.replace('junk', 'zzzz')]) {
      await expect(keyFromPhrase(words), words).rejects.toMatchObject({
        code: 'PHRASE_INVALID',
        message: expect.not.stringContaining('test'),
      });
    }
    for (const path of ['', 'm', '44/60', "m/44'/x", 'm/0/', 'm/2147483648', "m/2147483648'"]) {
      await expect(keyFromPhrase(JUNK, path), path).rejects.toMatchObject({ code: 'PHRASE_PATH_INVALID' });
    }
  });
});
