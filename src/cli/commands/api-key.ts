import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type ApiKey, hashApiKey, parseApiKeys } from '../../api/openai/keys.ts';
import { countArgument } from '../arguments.ts';
import { cliError } from '../errors.ts';
import { PRIVATE_FILE_MODE, readTextFile, writeTextFile } from '../files.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';

const KEY_BYTES = 24;

interface ApiKeyOptions {
  readonly name: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerDay?: number;
}

/** `keys api`: a key for the OpenAI API. The file gets its hash; the key itself is printed once. */
export function registerApiKey(keys: Command, io: Io): void {
  const command = keys
    .command('api')
    .argument('<FILE>', 'file that api_keys_file names; made when absent')
    .description('Make a key for the OpenAI API and print it. The file keeps only its hash.')
    .requiredOption('--name <NAME>', 'whom the key is for; an earlier key of that name is replaced')
    .option('--requests-per-minute <N>', 'quota', countArgument(1))
    .option('--tokens-per-day <N>', 'quota, prompts included', countArgument(1))
    .action((file: string, options: ApiKeyOptions) => {
      const path = resolve(io.workingDirectory, file);
      const others = existsSync(path) ? readKeys(path, io).filter(({ name }) => name !== options.name) : [];
      const key = `sk-pol-${randomBytes(KEY_BYTES).toString('base64url')}`;
      const entry: ApiKey = {
        name: options.name,
        sha256: hashApiKey(key),
        ...(options.requestsPerMinute === undefined ? {} : { requests_per_minute: options.requestsPerMinute }),
        ...(options.tokensPerDay === undefined ? {} : { tokens_per_day: options.tokensPerDay }),
      };
      const all = parseApiKeys([...others, entry]);
      writeTextFile(path, `${JSON.stringify(all, undefined, 2)}\n`, { overwrite: true, mode: PRIVATE_FILE_MODE });
      io.err.write(`wrote ${file}; a running node reads it at its next start\n`);
      io.out.write(`${key}\n`);
    });
  examples(command, [['pol-node keys api api-keys.json --name alice --tokens-per-day 100000', 'a key with a quota']]);
}

function readKeys(path: string, io: Io): readonly ApiKey[] {
  try {
    return parseApiKeys(JSON.parse(readTextFile(path, io.workingDirectory)));
  } catch (cause) {
    throw cliError('CLI_USAGE', `${path} is no file of API keys`, { cause });
  }
}
