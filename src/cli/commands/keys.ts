import { resolve } from 'node:path';
import type { Command } from 'commander';
import { fromHex } from '../../primitives/bytes.ts';
import { checksumAddress, generatePrivateKey, signerFromPrivateKey } from '../../primitives/keys.ts';
import { decryptKeystore, encryptKeystore, keystoreAddress, LIGHT_SCRYPT, STANDARD_SCRYPT } from '../../primitives/keystore.ts';
import { DEFAULT_PATH, keyFromPhrase } from '../../primitives/phrase.ts';
import { cliError } from '../errors.ts';
import { PRIVATE_FILE_MODE, readTextFile, writeTextFile } from '../files.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';
import { newPassword, passwordFromFile, readHidden } from '../password.ts';
import { registerApiKey } from './api-key.ts';

interface WriteOptions {
  readonly passwordFile?: string;
  readonly light?: boolean;
  readonly force?: boolean;
}

interface ImportOptions extends WriteOptions {
  readonly privateKeyFile?: string;
  readonly phrase?: boolean;
  readonly phraseFile?: string;
  readonly passphraseFile?: string;
  readonly path?: string;
}

export function registerKeys(program: Command, io: Io): void {
  const keys = program
    .command('keys')
    .description('Make, take over and look at keys: encrypted files (keystore v3) as Ethereum wallets use them.');

  const create = withWriteOptions(keys.command('new').argument('<FILE>', 'file to write').description('Make a new key.')).action(
    (file: string, options: WriteOptions) => writeKey(file, generatePrivateKey(), options, io),
  );
  examples(create, [['pol-node keys new key.json', 'asks for a password']]);

  const take = withWriteOptions(
    keys
      .command('import')
      .argument('<FILE>', 'file to write')
      .description(
        'Encrypt a key that you have: a private key, or the words of a wallet. It is read from a file or asked for, never taken from the command line.',
      )
      .option('--private-key-file <FILE>', 'file with the private key: 0x and 64 hexadecimal digits')
      .option('--phrase', 'ask for the words of a wallet (BIP-39) instead of a private key')
      .option('--phrase-file <FILE>', 'file with them')
      .option('--passphrase-file <FILE>', 'file with the passphrase beside the words, where there is one')
      .option('--path <PATH>', `which of the wallet’s accounts (BIP-32) (default: ${DEFAULT_PATH})`),
  ).action(async (file: string, options: ImportOptions) => {
    await writeKey(file, await readKey(options, io), options, io);
  });
  examples(take, [
    ['pol-node keys import key.json --private-key-file old.txt', 'from another program'],
    [`pol-node keys import key.json --phrase --path "m/44'/60'/0'/0/1"`, 'the second account of a wallet'],
  ]);

  const show = keys
    .command('show')
    .argument('<FILE>', 'key file')
    .description('Print the address of a key file.')
    .option('--password-file <FILE>', 'also check that this password opens it')
    .action(async (file: string, { passwordFile }: { passwordFile?: string }) => {
      const text = readTextFile(file, io.workingDirectory);
      const address =
        passwordFile === undefined
          ? keystoreAddress(text)
          : signerFromPrivateKey(await decryptKeystore(text, passwordFromFile(passwordFile, io))).address;
      io.out.write(`${checksumAddress(address)}\n`);
    });
  examples(show, [['pol-node keys show keys/authority_0.json', 'an address']]);
  registerApiKey(keys, io);
}

function withWriteOptions(command: Command): Command {
  return command
    .option('--password-file <FILE>', 'file with the password, instead of asking for it')
    .option('--light', 'a cheap key derivation (4 MiB of memory instead of 256): only with a long random password')
    .option('--force', 'overwrite an existing file: the key in it is lost');
}

async function writeKey(file: string, privateKey: Uint8Array, options: WriteOptions, io: Io): Promise<void> {
  const password = options.passwordFile === undefined ? await newPassword(io) : passwordFromFile(options.passwordFile, io);
  const keystore = await encryptKeystore(privateKey, password, options.light === true ? LIGHT_SCRYPT : STANDARD_SCRYPT);
  writeTextFile(resolve(io.workingDirectory, file), `${JSON.stringify(keystore, undefined, 2)}\n`, {
    overwrite: options.force === true,
    mode: PRIVATE_FILE_MODE,
  });
  io.err.write(`wrote ${file}\n`);
  io.out.write(`${checksumAddress(signerFromPrivateKey(privateKey).address)}\n`);
}

async function readKey({ privateKeyFile, phrase, phraseFile, passphraseFile, path }: ImportOptions, io: Io): Promise<Uint8Array> {
  const fromPhrase = phrase === true || phraseFile !== undefined;
  if (!fromPhrase) {
    if (path !== undefined || passphraseFile !== undefined) {
      throw cliError('CLI_USAGE', '--path and --passphrase-file belong to a phrase; give --phrase or --phrase-file');
    }
    return readPrivateKey(privateKeyFile, io);
  }
  if (privateKeyFile !== undefined) throw cliError('CLI_USAGE', 'give either a private key or a phrase');
  const words = phraseFile === undefined ? await readHidden('Words: ', io) : readTextFile(phraseFile, io.workingDirectory);
  return keyFromPhrase(words, path, passphraseFile === undefined ? '' : passwordFromFile(passphraseFile, io));
}

async function readPrivateKey(file: string | undefined, io: Io): Promise<Uint8Array> {
  const text = (file === undefined ? await readHidden('Private key: ', io) : readTextFile(file, io.workingDirectory)).trim();
  try {
    const privateKey = fromHex(text.startsWith('0x') ? text : `0x${text}`, 32);
    signerFromPrivateKey(privateKey);
    return privateKey;
  } catch {
    // The text itself stays out of the message, and of its cause: it may be most of a key.
    throw cliError('CLI_USAGE', 'the private key must be 0x and 64 hexadecimal digits, within the range of secp256k1');
  }
}
