import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { TokenizerBundle } from '../../data/tokenizers/bundle.ts';
import { ggufVocabulary } from '../../data/tokenizers/gguf-vocabulary.ts';
import { replaceFile, subdirectory } from '../../learning/files.ts';
import { openStoredModel, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../../learning/stored-model.ts';
import type { TensorType } from '../../model/formats/encoding.ts';
import { vocabularyEntries } from '../../model/formats/gguf-vocabulary.ts';
import { generationConfig, huggingFaceConfig, huggingFaceWeights } from '../../model/formats/huggingface.ts';
import { ggufModel } from '../../model/formats/llama-gguf.ts';
import { parameterLayout } from '../../model/layout.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { cliError } from '../errors.ts';
import { fileExists } from '../files.ts';
import type { Io } from '../io.ts';
import { type NodeAddressOptions, nodeUrl } from '../options.ts';
import { createProgress } from '../progress.ts';
import { formatBytes, groupDigits } from '../text.ts';
import { readChainLineage } from './chain-lineage.ts';
import { readNodeModel } from './node-model.ts';
import { tokenizerOf } from './stored-tokenizer.ts';

export interface ExportFlags extends NodeAddressOptions {
  /** A folder; left out: what a running node has settled on. */
  readonly model?: string;
  readonly format: 'hf' | 'gguf';
  readonly type: TensorType;
  readonly output: string;
  readonly name?: string;
  readonly force?: boolean;
}

/** A model to be written, whole in memory. */
export interface ModelToExport {
  readonly name: string;
  readonly config: ModelConfig;
  readonly weights: Float32Array;
  readonly tokenizer: TokenizerBundle;
  readonly lineage: Readonly<Record<string, unknown>> | undefined;
}

/**
 * `pol-node export`: a model for other programs.
 * @throws CLI_USAGE, CLI_FILE_EXISTS, CLI_UNREACHABLE, CLI_REFUSED, CLI_CHECK_FAILED, RUN_MISSING, RUN_CHECKPOINT_DAMAGED, FORMAT_UNSUPPORTED, DATA_TOKENIZER_INVALID
 */
export async function exportModel(flags: ExportFlags, io: Io): Promise<void> {
  const { format, type, force } = flags;
  const output = resolve(io.workingDirectory, flags.output);
  if (format === 'hf' && type === 'q8_0') throw cliError('CLI_USAGE', '--type q8_0 is a type of GGUF files: give --format gguf too');
  const made = format === 'hf' ? join(output, 'config.json') : output;
  if (existsSync(made) && force !== true) throw fileExists(made);
  const progress = createProgress(io.err, io.clock.now);
  try {
    progress.update('reading the model …');
    const onRead = (bytes: number) => progress.update(`reading the model … ${formatBytes(bytes)}`);
    const found = flags.model === undefined ? await readNodeModel(nodeUrl(flags), io, onRead) : await readFolder(flags.model, io);
    const { weightsRoot, weights } = found;
    const model: ModelToExport = { ...found, name: flags.name ?? found.name };
    const onBytes = (bytes: number) => progress.update(`writing … ${formatBytes(bytes)}`);
    if (format === 'gguf') await writeGguf(model, type, output, onBytes);
    else await writeHuggingFace(model, type as Exclude<TensorType, 'q8_0'>, output, onBytes);
    progress.clear();
    io.out.write(`wrote ${flags.output}: ${groupDigits(weights.length)} parameters as ${type}, weights ${weightsRoot}\n`);
  } finally {
    progress.clear();
  }
}

async function readFolder(folder: string, io: Io): Promise<ModelToExport & { readonly weightsRoot: string }> {
  const directory = resolve(io.workingDirectory, folder);
  const stored = await openStoredModel(directory, { now: io.clock.now });
  const weights = new Float32Array(parameterLayout(stored.config).count);
  await stored.readWeights(weights);
  const { config, weightsRoot, network } = stored;
  const lineage = (network && (await readChainLineage(directory, network, io))) ?? stored.lineage;
  return { name: basename(directory), config, weights, tokenizer: await tokenizerOf(stored), lineage, weightsRoot };
}

/** Writes one GGUF file, which appears under its name only when whole. */
export async function writeGguf(
  model: ModelToExport,
  type: TensorType,
  path: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const { name, config, weights, lineage } = model;
  const tokenizer = vocabularyEntries(ggufVocabulary(model.tokenizer, config.vocab_size));
  await writePieces(path, ggufModel({ name, config, weights, type, tokenizer, lineage }), onBytes);
}

/** Writes a folder as Hugging Face's transformers reads it, config.json last: a folder that has one is whole. */
export async function writeHuggingFace(
  model: ModelToExport,
  type: Exclude<TensorType, 'q8_0'>,
  directory: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const { config, weights, tokenizer, lineage } = model;
  await subdirectory(directory, '.');
  await writePieces(join(directory, 'model.safetensors'), huggingFaceWeights(config, weights, type, lineage), onBytes);
  const json = (document: object) => `${JSON.stringify(document, undefined, 2)}\n`;
  const tokenizerConfig = { model_max_length: config.context_length, ...tokenizer.config };
  await writeText(join(directory, TOKENIZER_FILE), tokenizer.json);
  await writeText(join(directory, TOKENIZER_CONFIG_FILE), json(tokenizerConfig));
  await writeText(join(directory, 'generation_config.json'), json(generationConfig(tokenizer)));
  if (lineage !== undefined) await writeText(join(directory, 'lineage.json'), json(lineage));
  await writeText(join(directory, 'config.json'), json(huggingFaceConfig(config, type, tokenizer)));
}

function writeText(path: string, text: string): Promise<void> {
  return writePieces(path, [Buffer.from(text)], () => {});
}

async function writePieces(path: string, pieces: Iterable<Uint8Array>, onBytes: (bytes: number) => void): Promise<void> {
  let written = 0;
  await replaceFile(path, async (file) => {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten;
      written += piece.length;
      onBytes(written);
    }
  });
}
