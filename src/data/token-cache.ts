import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equalBytes, utf8 } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Hash, sha256, taggedHash } from '../primitives/hash.ts';
import { dataError } from './errors.ts';

/**
 * A token stream on disk: a header of 64 bytes — the magic (16), vocabulary size (u32), length of a held-out part of whole documents at
 * the end (u32; 0: there is none), token count (u64), root (32) — then the tokens, little-endian u16 or, of vocabularies above 65,536
 * tokens, u32. It appears under its name only when whole.
 */
const MAGIC = 'pol-tokens-1\n\0\0\0';
const HEADER_BYTES = 64;
const ROOT_DOMAIN = 'pol/tokens/1';
const WIDE_ROOT_DOMAIN = 'pol/wide-tokens/1';
const FLUSH_TOKENS = 2 ** 16;
const READ_BYTES = 2 ** 26;

/** Two bytes a token, as long as that is enough. */
export type Tokens = Uint16Array | Uint32Array;

const MOST_NARROW_VOCABULARY = 2 ** 16;

export function makeTokens(vocabSize: number, length: number): Tokens {
  return vocabSize > MOST_NARROW_VOCABULARY ? new Uint32Array(length) : new Uint16Array(length);
}

/** SHA-256 under its domain over the little-endian tokens. */
export function tokenRoot(tokens: Tokens): Hash {
  return taggedHash(domainOf(tokens), bytesOf(tokens));
}

function domainOf(tokens: Tokens): string {
  return tokens.BYTES_PER_ELEMENT === 2 ? ROOT_DOMAIN : WIDE_ROOT_DOMAIN;
}

export interface TokenWriter {
  /** Appends tokens; each is below the vocabulary's size. */
  write(tokens: Iterable<number>): Promise<void>;
  readonly count: number;
  /** Makes the file durable and visible under its name. @param heldOutTokens length of the held-out part of whole documents, if it has one */
  finish(heldOutTokens?: number): Promise<void>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

/** @throws DATA_CACHE_FAILED when the directory cannot be written, from here or from the writer */
export async function createTokenWriter(path: string, vocabSize: number): Promise<TokenWriter> {
  const wrap = <T>(work: Promise<T>): Promise<T> => {
    return work.catch((cause: unknown) => {
      throw dataError('DATA_CACHE_FAILED', `token cache ${path}: ${messageOf(cause)}; free some space or choose another data_dir`, {
        cause,
      });
    });
  };
  const temporary = `${path}.${randomBytes(6).toString('hex')}.partial`;
  await wrap(mkdir(dirname(path), { recursive: true }));
  const handle = await wrap(open(temporary, 'wx'));
  const buffer = makeTokens(vocabSize, FLUSH_TOKENS);
  const width = buffer.BYTES_PER_ELEMENT;
  const hash = createHash('sha256').update(sha256(utf8(domainOf(buffer))));
  let filled = 0;
  let count = 0;

  async function flush(): Promise<void> {
    const bytes = bytesOf(buffer.subarray(0, filled));
    hash.update(bytes);
    await writeAll(handle, bytes, HEADER_BYTES + width * (count - filled));
    filled = 0;
  }

  return {
    get count() {
      return count;
    },
    async write(tokens) {
      for (const token of tokens) {
        buffer[filled++] = token;
        count++;
        if (filled === FLUSH_TOKENS) await wrap(flush());
      }
    },
    async finish(heldOutTokens = 0) {
      await wrap(flush());
      await wrap(writeAll(handle, header(vocabSize, heldOutTokens, count, new Uint8Array(hash.digest())), 0));
      await wrap(handle.sync());
      await wrap(handle.close());
      await wrap(rename(temporary, path));
    },
    async abort() {
      await handle.close().catch(() => {});
      await rm(temporary, { force: true }).catch(() => {});
    },
  };
}

/**
 * Reads a cached stream into memory and checks its root.
 * @returns undefined when there is no such file, or it is damaged: the text is then to be tokenised again
 */
export async function readTokens(
  path: string,
  vocabSize: number,
): Promise<{ tokens: Tokens; root: Hash; heldOutTokens: number } | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const head = new Uint8Array(HEADER_BYTES);
    await handle.read(head, 0, HEADER_BYTES, 0);
    const count = ((await handle.stat()).size - HEADER_BYTES) / makeTokens(vocabSize, 0).BYTES_PER_ELEMENT;
    if (!Number.isInteger(count) || count < 0) return undefined;
    const tokens = makeTokens(vocabSize, count);
    const bytes = bytesOf(tokens);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(READ_BYTES, bytes.length - at), HEADER_BYTES + at);
      if (bytesRead === 0) return undefined;
      at += bytesRead;
    }
    const root = tokenRoot(tokens);
    const heldOutTokens = new DataView(head.buffer).getUint32(20, true);
    return equalBytes(head, header(vocabSize, heldOutTokens, count, root)) ? { tokens, root, heldOutTokens } : undefined;
  } catch (cause) {
    throw dataError('DATA_CACHE_FAILED', `token cache ${path}: ${messageOf(cause)}; delete the file and start again`, { cause });
  } finally {
    await handle.close();
  }
}

/** The stream with this root among those of a folder, by their headers; undefined when there is none. Its content is not verified. */
export async function findTokens(directory: string, root: Hash): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((each) => each.endsWith('.tokens'))) {
    const path = join(directory, name);
    const handle = await open(path, 'r').catch(() => undefined);
    if (handle === undefined) continue;
    try {
      const head = new Uint8Array(HEADER_BYTES);
      await handle.read(head, 0, HEADER_BYTES, 0);
      if (equalBytes(head.subarray(32), root)) return path;
    } finally {
      await handle.close();
    }
  }
  return undefined;
}

/** Size of the file of a stream of so many tokens. */
export function tokenFileBytes(vocabSize: number, tokens: number): number {
  return HEADER_BYTES + tokens * makeTokens(vocabSize, 0).BYTES_PER_ELEMENT;
}

function header(vocabSize: number, heldOutTokens: number, count: number, root: Hash): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8(MAGIC));
  view.setUint32(16, vocabSize, true);
  view.setUint32(20, heldOutTokens, true);
  view.setBigUint64(24, BigInt(count), true);
  bytes.set(root, 32);
  return bytes;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

function bytesOf(tokens: Tokens): Uint8Array {
  return new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
}
