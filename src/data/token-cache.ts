import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { equalBytes, utf8 } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Hash, sha256, taggedHash } from '../primitives/hash.ts';
import { dataError } from './errors.ts';

/**
 * A token stream on disk: a header of 64 bytes — the magic (16), vocabulary size (u32), 0 (u32), token count (u64), root (32) — then
 * the tokens as little-endian u16. It appears under its name only when whole.
 */
const MAGIC = 'pol-tokens-1\n\0\0\0';
const HEADER_BYTES = 64;
const ROOT_DOMAIN = 'pol/tokens/1';
const FLUSH_TOKENS = 2 ** 16;
const READ_BYTES = 2 ** 26;

/** SHA-256 under its domain over the little-endian u16 tokens. */
export function tokenRoot(tokens: Uint16Array): Hash {
  return taggedHash(ROOT_DOMAIN, bytesOf(tokens));
}

export interface TokenWriter {
  /** Appends tokens; each is below 65,536. */
  write(tokens: readonly number[]): Promise<void>;
  readonly count: number;
  /** Makes the file durable and visible under its name. */
  finish(): Promise<void>;
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
  const hash = createHash('sha256').update(sha256(utf8(ROOT_DOMAIN)));
  const buffer = new Uint16Array(FLUSH_TOKENS);
  let filled = 0;
  let count = 0;

  async function flush(): Promise<void> {
    const bytes = bytesOf(buffer.subarray(0, filled));
    hash.update(bytes);
    await writeAll(handle, bytes, HEADER_BYTES + 2 * (count - filled));
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
    async finish() {
      await wrap(flush());
      await wrap(writeAll(handle, header(vocabSize, count, new Uint8Array(hash.digest())), 0));
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
export async function readTokens(path: string, vocabSize: number): Promise<{ tokens: Uint16Array; root: Hash } | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const head = new Uint8Array(HEADER_BYTES);
    await handle.read(head, 0, HEADER_BYTES, 0);
    const count = ((await handle.stat()).size - HEADER_BYTES) / 2;
    if (!Number.isInteger(count) || count < 0) return undefined;
    const tokens = new Uint16Array(count);
    const bytes = bytesOf(tokens);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(READ_BYTES, bytes.length - at), HEADER_BYTES + at);
      if (bytesRead === 0) return undefined;
      at += bytesRead;
    }
    const root = tokenRoot(tokens);
    return equalBytes(head, header(vocabSize, count, root)) ? { tokens, root } : undefined;
  } catch (cause) {
    throw dataError('DATA_CACHE_FAILED', `token cache ${path}: ${messageOf(cause)}; delete the file and start again`, { cause });
  } finally {
    await handle.close();
  }
}

function header(vocabSize: number, count: number, root: Hash): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8(MAGIC));
  view.setUint32(16, vocabSize, true);
  view.setBigUint64(24, BigInt(count), true);
  bytes.set(root, 32);
  return bytes;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

function bytesOf(tokens: Uint16Array): Uint8Array {
  return new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
}
