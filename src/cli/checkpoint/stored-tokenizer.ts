import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleOf, gpt2Bundle, type TokenizerBundle } from '../../data/tokenizers/bundle.ts';
import { MAX_TOKENIZER_BYTES } from '../../data/tokenizers/tokenizer-json.ts';
import { openTokenizer } from '../../learning/assets.ts';
import { type StoredModel, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../../learning/stored-model.ts';
import { messageOf } from '../../primitives/errors.ts';
import { cliError } from '../errors.ts';
import { errnoOf } from '../files.ts';

/** A stored model's tokenizer, as its files say it. @throws CLI_FILE_UNREADABLE, DATA_TOKENIZER_INVALID */
export async function tokenizerOf({ tokenizer, config }: StoredModel): Promise<TokenizerBundle> {
  if (tokenizer.kind === 'assets') return openTokenizer(tokenizer.genesis, tokenizer.folders);
  return tokenizer.kind === 'gpt2' ? gpt2Bundle(config.vocab_size) : readTokenizerFolder(tokenizer.directory);
}

/** tokenizer.json and, when there is one, tokenizer_config.json and chat_template.jinja of a folder. */
export async function readTokenizerFolder(directory: string): Promise<TokenizerBundle> {
  const path = join(directory, TOKENIZER_FILE);
  const json = await readText(path);
  if (json === undefined) throw cliError('CLI_FILE_UNREADABLE', `${path} is missing: a model without a tokenizer says nothing`);
  const configText = await readText(join(directory, TOKENIZER_CONFIG_FILE));
  const template = await readText(join(directory, 'chat_template.jinja'));
  const config = configText === undefined ? {} : parseObject(configText, join(directory, TOKENIZER_CONFIG_FILE));
  return bundleOf(json, { ...config, ...(template === undefined ? {} : { chat_template: template }) }, path);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_TOKENIZER_BYTES)
      throw cliError('CLI_FILE_UNREADABLE', `${path} has ${bytes.length} bytes; the limit is ${MAX_TOKENIZER_BYTES}`);
    return bytes.toString('utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw cliError('CLI_FILE_UNREADABLE', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** @throws CLI_FILE_UNREADABLE */
export function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw cliError('CLI_FILE_UNREADABLE', `${path} is not a JSON object`);
}
