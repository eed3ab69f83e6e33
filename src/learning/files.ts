import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toHex, utf8 } from '../primitives/bytes.ts';

/** `replaceFile` with bytes at hand. */
export function writeFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  return replaceFile(path, (file) => file.writeFile(bytes));
}

/**
 * Replaces a file as a whole: temporary file, fsync, rename, fsync of the directory. After a crash at any instant the old or the new
 * content is there, never a part of one.
 */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.tmp`;
  await withFile(temporary, 'w', async (file) => {
    await write(file);
    await file.sync();
  });
  await rename(temporary, path);
  await withFile(dirname(path), 'r', (directory) => directory.sync());
}

/** Undefined when there is no such file. */
export async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

export async function removeIfPresent(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Makes `parent/name` and gives its path. */
/** Where in a node's data directory its learning service keeps everything but blobs. */
export const learningDirectory = (dataDirectory: string): string => join(dataDirectory, 'learning');

export async function subdirectory(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path, { recursive: true });
  return path;
}

/** JSON as bytes, with byte arrays as hexadecimal text. */
export function jsonBytes(document: object): Uint8Array {
  // `this[key]` and not `value`: a Buffer turns itself into another object before a replacer sees it.
  function replace(this: Record<string, unknown>, key: string, value: unknown): unknown {
    const original = this[key];
    return original instanceof Uint8Array ? toHex(original) : value;
  }
  return utf8(JSON.stringify(document, replace, 1));
}

/** Undefined when the bytes are not JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

export function isAbsent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

async function withFile<T>(path: string, flags: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
