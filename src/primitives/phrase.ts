import { HDKey } from '@scure/bip32';
import { mnemonicToSeed, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { errorDomain } from './errors.ts';

const phraseError = errorDomain({
  PHRASE_INVALID: { explanation: 'The words are not a BIP-39 phrase: unknown words, a wrong number of them, or a wrong checksum.' },
  PHRASE_PATH_INVALID: { explanation: 'The derivation path is not one of BIP-32.' },
});

/** The first account of Ethereum wallets (BIP-44, coin type 60). */
export const DEFAULT_PATH = "m/44'/60'/0'/0/0";

const PATH = /^m(\/\d{1,10}'?){1,10}$/;

/**
 * The private key (32 bytes) that a phrase of English words (BIP-39) gives at a path (BIP-32). Neither the words nor the
 * passphrase are ever part of an error.
 * @throws PHRASE_INVALID, PHRASE_PATH_INVALID
 */
export async function keyFromPhrase(phrase: string, path = DEFAULT_PATH, passphrase = ''): Promise<Uint8Array> {
  const words = phrase.trim().toLowerCase().split(/\s+/).join(' ');
  if (!validateMnemonic(words, wordlist)) {
    throw phraseError('PHRASE_INVALID', 'the phrase must be 12, 15, 18, 21 or 24 English words of BIP-39, in their order');
  }
  if (!PATH.test(path)) throw phraseError('PHRASE_PATH_INVALID', `path: "${path.slice(0, 80)}" is not like ${DEFAULT_PATH}`);
  const root = HDKey.fromMasterSeed(await mnemonicToSeed(words, passphrase));
  let privateKey: Uint8Array | null;
  try {
    ({ privateKey } = root.derive(path));
  } catch (cause) {
    throw phraseError('PHRASE_PATH_INVALID', `path: "${path}" has an index above 2³¹ − 1`, { cause });
  }
  if (privateKey === null) throw phraseError('PHRASE_PATH_INVALID', `path: "${path}" leads to no key`);
  return privateKey;
}
