import { join } from 'node:path';
import { writeFileDurably } from '../learning/files.ts';
import { runError } from '../learning/single/errors.ts';
import type { RunConfig } from '../learning/single/run-config.ts';
import { TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../learning/stored-model.ts';
import { readTokenizerFolder } from './checkpoint/stored-tokenizer.ts';
import { type FileTokenizer, fileTokenizer } from './tokenizer-choice.ts';

/** A run keeps its tokenizer's files beside its checkpoints. */
export async function writeTokenizer(directory: string, { json, configJson }: FileTokenizer): Promise<void> {
  await writeFileDurably(join(directory, TOKENIZER_FILE), Buffer.from(json));
  await writeFileDurably(join(directory, TOKENIZER_CONFIG_FILE), Buffer.from(configJson));
}

/** The tokenizer of a run that exists; undefined for GPT-2's. @throws RUN_MISMATCH when its files are not those it began with */
export async function storedTokenizer({ tokenizer, model }: RunConfig, directory: string): Promise<FileTokenizer | undefined> {
  if (tokenizer.kind === 'gpt2') return undefined;
  const stored = fileTokenizer(await readTokenizerFolder(directory), model.vocab_size);
  if (stored.choice.hash === tokenizer.hash && stored.choice.config_hash === tokenizer.config_hash) return stored;
  throw runError('RUN_MISMATCH', `tokenizer: ${join(directory, TOKENIZER_FILE)} is not the one the run began with; restore it`);
}
