import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../primitives/clock.ts';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import { dataError } from '../errors.ts';
import { FIRST_PAUSE_MS, MAX_FRESH_STARTS, MAX_FRUITLESS_ATTEMPTS, MAX_PAUSE_MS, MAX_RETRY_AFTER_MS, STALL_MS } from './limits.ts';

export interface DownloadOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the file shall lie; beside it, until it is whole, its beginning. */
  readonly path: string;
  /** What a listing says of the file. */
  readonly bytes?: number | undefined;
  /** Hexadecimal. */
  readonly sha256?: string | undefined;
}

export interface DownloadDependencies {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly onProgress?: ((progress: { readonly bytesDone: number; readonly bytesTotal: number | undefined }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is known of a file that has come in part. */
interface Partial {
  readonly url: string;
  /** Of the version that the bytes are of; weak ones do not vouch for bytes. */
  readonly etag: string | undefined;
}

/**
 * Fetches a file, going on where a connection, or an earlier run of the program, broke off (RFC 9110, Range and If-Range). The file
 * appears under its name only when it has the length and hash that are known of it.
 * @throws DATA_DOWNLOAD_FAILED when the server keeps failing, refuses, or the file is another one; DATA_CACHE_FAILED; the signal's reason
 */
export async function downloadFile(options: DownloadOptions, dependencies: DownloadDependencies): Promise<void> {
  const { url, path, sha256 } = options;
  if ((await sizeOf(path)) !== undefined) return;
  await onDisk(path, mkdir(dirname(path), { recursive: true }));
  for (let starts = 0; ; starts++) {
    await fetchAll(options, dependencies);
    const found = sha256 === undefined ? undefined : await hashOf(`${path}.partial`);
    if (found === sha256) break;
    await discard(path);
    if (starts >= MAX_FRESH_STARTS) {
      throw dataError(
        'DATA_DOWNLOAD_FAILED',
        `${url} has SHA-256 ${found}, and the listing names ${sha256}: the server serves another file`,
      );
    }
  }
  await onDisk(path, rename(`${path}.partial`, path));
  await rm(`${path}.partial.json`, { force: true });
}

/** Attempt after attempt until the file is as long as it shall be. */
async function fetchAll(options: DownloadOptions, dependencies: DownloadDependencies): Promise<void> {
  const { url, path } = options;
  const { clock, signal } = dependencies;
  let fruitless = 0;
  for (;;) {
    signal?.throwIfAborted();
    const before = (await sizeOf(`${path}.partial`)) ?? 0;
    let pauseMs: number | undefined;
    try {
      pauseMs = await attempt(options, dependencies, before);
      if (pauseMs === undefined) return;
      fruitless++;
    } catch (error) {
      if (isPolError(error) || signal?.aborted) throw error;
      fruitless = ((await sizeOf(`${path}.partial`)) ?? 0) > before ? 0 : fruitless + 1;
      if (fruitless >= MAX_FRUITLESS_ATTEMPTS) {
        throw dataError(
          'DATA_DOWNLOAD_FAILED',
          `${url}: ${reasonOf(error)}, ${fruitless} times in a row; the beginning is kept, run the command again`,
          {
            cause: error,
          },
        );
      }
    }
    if (fruitless >= MAX_FRUITLESS_ATTEMPTS) {
      throw dataError(
        'DATA_DOWNLOAD_FAILED',
        `${url}: the server refused ${fruitless} times in a row to serve now; run the command again later`,
      );
    }
    await pause(pauseMs ?? Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** fruitless), clock, signal);
  }
}

/** @returns undefined when all is there, else how long to wait because the server asked for it. Throws what broke the connection */
async function attempt(
  options: DownloadOptions,
  { fetch, clock, onProgress, signal }: DownloadDependencies,
  have: number,
): Promise<number | undefined> {
  const { url, path } = options;
  if (have > 0 && have === options.bytes) return undefined;
  const known = have > 0 ? await readPartial(path, url) : undefined;
  const from = known === undefined ? 0 : have;
  const stall = new AbortController();
  let cancelStall = clock.after(STALL_MS, () => stall.abort(new Error('no byte for half a minute')));
  const signals = signal === undefined ? [stall.signal] : [stall.signal, signal];
  try {
    const response = await fetch(url, {
      headers: {
        ...options.headers,
        // What travels compressed cannot be taken up in the middle.
        'accept-encoding': 'identity',
        ...(from > 0 ? { range: `bytes=${from}-`, ...(known?.etag === undefined ? {} : { 'if-range': known.etag }) } : {}),
      },
      signal: AbortSignal.any(signals),
    });
    const waitMs = await judge(response, path, url);
    if (waitMs !== undefined) return waitMs;
    const begin = response.status === 206 ? rangeOf(response, from, url) : { from: 0, total: lengthOf(response) };
    if (options.bytes !== undefined && begin.total !== undefined && begin.total !== options.bytes) {
      throw dataError('DATA_DOWNLOAD_FAILED', `${url} has ${begin.total} bytes by the server, and ${options.bytes} by the listing`);
    }
    const total = begin.total ?? options.bytes;
    const etag = response.headers.get('etag') ?? undefined;
    await onDisk(path, writeFile(`${path}.partial.json`, JSON.stringify({ url, etag: etag?.startsWith('"') ? etag : undefined })));
    const file = await onDisk(path, open(`${path}.partial`, begin.from > 0 ? 'r+' : 'w'));
    let at = begin.from;
    try {
      for await (const piece of response.body ?? []) {
        cancelStall();
        cancelStall = clock.after(STALL_MS, () => stall.abort(new Error('no byte for half a minute')));
        if (total !== undefined && at + piece.length > total) {
          throw dataError('DATA_DOWNLOAD_FAILED', `${url} sends more than the ${total} bytes it has`);
        }
        await onDisk(path, writeAll(file, piece, at));
        at += piece.length;
        onProgress?.({ bytesDone: at, bytesTotal: total });
      }
      await onDisk(path, file.truncate(at));
    } finally {
      await file.close();
    }
    // The end of a body of unknown length says nothing by itself, but that is all there is to know then.
    if (total !== undefined && at < total) throw new Error(`it ended after ${at} of ${total} bytes`);
    return undefined;
  } finally {
    cancelStall();
  }
}

/** @returns how long to wait, or undefined for an answer with bytes. @throws DATA_DOWNLOAD_FAILED for a refusal that time does not mend */
async function judge(response: Response, path: string, url: string): Promise<number | undefined> {
  const { status } = response;
  if (status === 200 || status === 206) return undefined;
  await response.body?.cancel();
  if (status === 416) {
    // There is more here than there: it has changed.
    await discard(path);
    throw new Error('the file has become shorter');
  }
  if (status === 429 || status === 503) return retryAfterMs(response, url) ?? FIRST_PAUSE_MS;
  if (status >= 500 || status === 408) throw new Error(`HTTP ${status}`);
  const cure = status === 401 || status === 403 ? ': it is private or gated; set HF_TOKEN to a token that may read it' : '';
  throw dataError('DATA_DOWNLOAD_FAILED', `${url}: HTTP ${status}${cure}`, { data: { status } });
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(response: Response, url: string, now: number = Date.now()): number | undefined {
  const text = response.headers.get('retry-after');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(ms)) return undefined;
  if (ms > MAX_RETRY_AFTER_MS) {
    throw dataError('DATA_DOWNLOAD_FAILED', `${url}: the server asks to wait ${Math.ceil(ms / 1000)} s; run the command again then`);
  }
  return Math.max(0, ms);
}

function rangeOf(response: Response, from: number, url: string): { readonly from: number; readonly total: number | undefined } {
  const [, begin, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (Number(begin) !== from) throw dataError('DATA_DOWNLOAD_FAILED', `${url}: asked for bytes from ${from} on, the server sent others`);
  return { from, total: total === undefined || total === '*' ? undefined : Number(total) };
}

function lengthOf(response: Response): number | undefined {
  const text = response.headers.get('content-length');
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

async function readPartial(path: string, url: string): Promise<Partial | undefined> {
  try {
    const document = JSON.parse(await readFile(`${path}.partial.json`, 'utf8')) as Partial;
    return document.url === url ? document : undefined;
  } catch {
    return undefined;
  }
}

async function discard(path: string): Promise<void> {
  await rm(`${path}.partial`, { force: true });
  await rm(`${path}.partial.json`, { force: true });
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    const buffer = new Uint8Array(2 ** 20);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

function onDisk<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw dataError('DATA_CACHE_FAILED', `${path}: ${messageOf(cause)}; free some space or choose another folder`, { cause });
  });
}

function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(inner);
}

function pause(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
