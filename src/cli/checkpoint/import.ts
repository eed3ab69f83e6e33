import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { bundleOf, type TokenizerBundle } from '../../data/tokenizers/bundle.ts';
import { documentOfGguf } from '../../data/tokenizers/gguf-document.ts';
import { gpt2Document, MOST_GPT2_TOKENS } from '../../data/tokenizers/gpt2-document.ts';
import { writeStoredModel } from '../../learning/stored-model.ts';
import { TOKENIZER_JSON_KEY } from '../../model/formats/gguf-vocabulary.ts';
import { LINEAGE_KEY } from '../../model/formats/llama-gguf.ts';
import { type ForeignCheckpoint, openCheckpoint } from '../../model/formats/open-checkpoint.ts';
import { parameterLayout } from '../../model/layout.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import type { Hex } from '../../primitives/bytes.ts';
import { cliError } from '../errors.ts';
import { fileExists } from '../files.ts';
import type { Io } from '../io.ts';
import { createProgress } from '../progress.ts';
import { groupDigits } from '../text.ts';
import { readTokenizerFolder } from './stored-tokenizer.ts';

export interface ImportFlags {
  readonly output: string;
  readonly tokenizer?: string;
  readonly contextLength?: number;
  readonly force?: boolean;
}

/**
 * `pol-node import`: another program's checkpoint becomes a model folder.
 * @param source a Hugging Face folder or a GGUF file
 * @throws CLI_FILE_EXISTS, FORMAT_… naming the field, DATA_TOKENIZER_INVALID
 */
export async function importModel(source: string, flags: ImportFlags, io: Io): Promise<void> {
  const output = resolve(io.workingDirectory, flags.output);
  if (existsSync(join(output, 'model.json')) && flags.force !== true) throw fileExists(join(output, 'model.json'));
  const progress = createProgress(io.err, io.clock.now);
  try {
    progress.update('reading the checkpoint …');
    const imported = await readForeignModel(resolve(io.workingDirectory, source), {
      tokenizer: flags.tokenizer === undefined ? undefined : resolve(io.workingDirectory, flags.tokenizer),
      contextLength: flags.contextLength,
    });
    const weightsRoot = await writeImported(output, imported);
    progress.clear();
    io.out.write(`wrote ${flags.output}: ${groupDigits(imported.weights.length)} parameters, weights ${weightsRoot}\n`);
  } finally {
    progress.clear();
  }
}

export interface ForeignModel {
  readonly config: ModelConfig;
  readonly weights: Float32Array;
  readonly tokenizer: TokenizerBundle;
  readonly lineage: Readonly<Record<string, unknown>>;
}

/** Reads a whole checkpoint into memory. @throws as `importModel` */
export async function readForeignModel(
  path: string,
  wishes: { readonly tokenizer?: string | undefined; readonly contextLength?: number | undefined } = {},
): Promise<ForeignModel> {
  const checkpoint = await openCheckpoint(path);
  try {
    const tokenizer = wishes.tokenizer === undefined ? await tokenizerOf(checkpoint, path) : await readTokenizerFolder(wishes.tokenizer);
    requireVocabulary(tokenizer, checkpoint.config, path);
    const weights = new Float32Array(parameterLayout(checkpoint.config).count);
    await checkpoint.readWeights(weights);
    // No parameter depends on the length: a shorter context is the same model on less text.
    const config = wishes.contextLength === undefined ? checkpoint.config : { ...checkpoint.config, context_length: wishes.contextLength };
    return { config, weights, tokenizer, lineage: await lineageOf(checkpoint, path) };
  } finally {
    await checkpoint.close();
  }
}

/** Writes a model's folder; GPT-2's tokenizer is known again, and named instead of kept. */
export async function writeImported(directory: string, { config, weights, tokenizer, lineage }: ForeignModel): Promise<Hex> {
  const isGpt2 = config.vocab_size <= MOST_GPT2_TOKENS && tokenizer.json === (await gpt2Document(config.vocab_size));
  const { weightsRoot } = await writeStoredModel(directory, {
    config,
    weights,
    tokenizer: isGpt2 ? undefined : { json: tokenizer.json, configJson: `${JSON.stringify(tokenizer.config, undefined, 2)}\n` },
    lineage,
  });
  return weightsRoot;
}

async function tokenizerOf({ directory, metadata }: ForeignCheckpoint, path: string): Promise<TokenizerBundle> {
  if (directory !== undefined) return readTokenizerFolder(directory);
  const text = (key: string): string | undefined => {
    const value = metadata.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  const list = (key: string): readonly unknown[] => {
    const value = metadata.get(key);
    return Array.isArray(value) ? value : [];
  };
  const isText = (value: unknown): value is string => typeof value === 'string';
  const tokens = list('tokenizer.ggml.tokens').filter(isText);
  const template = text('tokenizer.chat_template');
  const json =
    text(TOKENIZER_JSON_KEY) ??
    documentOfGguf(
      {
        model: text('tokenizer.ggml.model') ?? '',
        pre: text('tokenizer.ggml.pre') ?? '',
        tokens,
        types: list('tokenizer.ggml.token_type').map(Number),
        merges: list('tokenizer.ggml.merges').filter(isText),
      },
      path,
    );
  // Ids of the file name tokens; one that is no added token stands for none (see ggufVocabulary).
  const nameOf = (key: string): string | undefined => {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`);
    return typeof id === 'number' ? added.get(id) : undefined;
  };
  const added = new Map(bundleOf(json, {}, path).document.added_tokens.map(({ id, content }) => [id, content]));
  const [bos, eos] = [nameOf('bos'), nameOf('eos')];
  return bundleOf(
    json,
    {
      ...(template === undefined ? {} : { chat_template: template }),
      ...(bos === undefined ? {} : { bos_token: bos }),
      ...(eos === undefined ? {} : { eos_token: eos }),
    },
    path,
  );
}

/** Every token of the tokenizer must have a row of the embedding; rows beyond are allowed, as padded vocabularies have them. */
function requireVocabulary({ document }: TokenizerBundle, config: ModelConfig, path: string): void {
  const largest = [...Object.values(document.model.vocab), ...document.added_tokens.map(({ id }) => id)].reduce(
    (a, b) => Math.max(a, b),
    0,
  );
  if (largest < config.vocab_size) return;
  throw cliError(
    'CLI_FILE_UNREADABLE',
    `${path}: its tokenizer has a token ${largest}, and the model's vocab_size is ${config.vocab_size}`,
  );
}

/** What the checkpoint says of itself, or else where it came from. */
async function lineageOf({ format, directory, metadata }: ForeignCheckpoint, path: string): Promise<Readonly<Record<string, unknown>>> {
  const text =
    directory === undefined ? metadata.get(LINEAGE_KEY) : await readFile(join(directory, 'lineage.json'), 'utf8').catch(() => undefined);
  try {
    const document: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document as Record<string, unknown>;
  } catch {
    // A lineage that does not parse says nothing.
  }
  return { kind: 'import', format, name: basename(path) };
}
