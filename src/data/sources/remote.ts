import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex, utf8 } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { taggedHash } from '../../primitives/hash.ts';
import { dataError } from '../errors.ts';
import type { SourceFile } from '../source.ts';
import { downloadFile } from './download.ts';
import { authorisation, type HubOptions, hubSourceText, listHubFiles, parseHubSource } from './hub.ts';
import { formatOf } from './source-text.ts';

/** What fetching from elsewhere needs. */
export interface Remote {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** HF_ENDPOINT and HF_TOKEN are read from it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DownloadProgress {
  readonly name: string;
  readonly file: number;
  readonly files: number;
  readonly bytesDone: number;
  readonly bytesTotal: number | undefined;
}

/** A file by its address, fetched once into `directory`. @throws DATA_DOWNLOAD_FAILED, DATA_CACHE_FAILED */
export async function openUrl(url: string, column: string | undefined, directory: string, remote: Remote): Promise<readonly SourceFile[]> {
  const name = new URL(url).pathname.split('/').at(-1) || 'file';
  const path = join(directory, `${keyOf(url)}-${name.replace(/[^\w.-]/g, '_')}`);
  await downloadFile({ url, path }, { ...remote, onProgress: (progress) => remote.onDownload?.({ name, file: 1, files: 1, ...progress }) });
  return [{ name, path, bytes: (await stat(path)).size, format: formatOf(name), column }];
}

/** The files of a hub's data set, fetched once into `directory`; each is held against the hub's hash. @throws as `openUrl`, DATA_SOURCE_NOT_FOUND */
export async function openHub(source: string, directory: string, remote: Remote): Promise<readonly SourceFile[]> {
  const { files, source: found } = await listHubFiles(parseHubSource(source), hubOptions(remote), remote);
  const opened: SourceFile[] = [];
  for (const [i, file] of files.entries()) {
    const path = join(directory, `${keyOf(`${found.name}@${found.revision}/${file.path}`)}-${file.path.replace(/[^\w.-]/g, '_')}`);
    await downloadFile(
      { url: file.url, path, bytes: file.bytes, sha256: file.sha256, headers: authorisation(hubOptions(remote).token) },
      { ...remote, onProgress: (progress) => remote.onDownload?.({ name: file.path, file: i + 1, files: files.length, ...progress }) },
    );
    const { size } = await stat(path);
    if (size !== file.bytes)
      throw dataError('DATA_DOWNLOAD_FAILED', `${path} has ${size} bytes, and the hub lists ${file.bytes}: delete it`);
    opened.push({ name: file.path, path, bytes: size, format: formatOf(file.path), column: found.column });
  }
  return opened;
}

/** The source with the commit that its branch is at now. */
export async function pinHub(source: string, remote: Remote): Promise<string> {
  return hubSourceText((await listHubFiles(parseHubSource(source), hubOptions(remote), remote)).source);
}

function hubOptions({ environment }: Remote): HubOptions {
  return { endpoint: environment.HF_ENDPOINT, token: environment.HF_TOKEN };
}

/** Two addresses never share a file. */
function keyOf(address: string): string {
  return toHex(taggedHash('pol/download/1', utf8(address))).slice(2, 18);
}
