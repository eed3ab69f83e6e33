import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../primitives/errors.ts';
import { cliError } from './errors.ts';

/** Readable by its owner only: keys and passwords. */
export const PRIVATE_FILE_MODE = 0o600;

/** @throws CLI_FILE_UNREADABLE naming the file and the reason */
export function readTextFile(path: string, workingDirectory = '.'): string {
  try {
    return readFileSync(resolve(workingDirectory, path), 'utf8');
  } catch (cause) {
    throw cliError('CLI_FILE_UNREADABLE', `cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/**
 * Writes a text file, making its folders.
 * @throws CLI_FILE_EXISTS unless `overwrite`, CLI_FILE_UNWRITABLE
 */
export function writeTextFile(path: string, text: string, options: { readonly overwrite?: boolean; readonly mode?: number } = {}): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: options.overwrite === true ? 'w' : 'wx', mode: options.mode ?? 0o644 });
    // An overwritten file keeps the mode it had.
    if (options.mode !== undefined) chmodSync(path, options.mode);
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') throw fileExists(path, cause);
    throw cliError('CLI_FILE_UNWRITABLE', `cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

export function fileExists(path: string, cause?: unknown) {
  return cliError('CLI_FILE_EXISTS', `${path} exists; give --force to overwrite it`, { cause });
}

/** A system error's code, such as ENOENT; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function reason(cause: unknown): string {
  switch (errnoOf(cause)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    default:
      return messageOf(cause);
  }
}
