import { join } from 'node:path';
import type { SourceOptions } from '../data/source.ts';
import type { Remote } from '../data/sources/remote.ts';
import type { Io } from './io.ts';
import { formatBytes } from './text.ts';

/** How a command fetches data of elsewhere. */
export function remoteOf(io: Io, onStage: (text: string) => void, signal?: AbortSignal): Remote {
  return {
    fetch: io.fetch,
    clock: io.clock,
    environment: io.environment,
    signal,
    onDownload({ name, file, files, bytesDone, bytesTotal }) {
      const of = bytesTotal === undefined ? '' : ` of ${formatBytes(bytesTotal)}`;
      onStage(`fetching ${name} (${file} of ${files}) … ${formatBytes(bytesDone)}${of}`);
    },
  };
}

/** How a command opens sources whose downloads lie in `cacheDirectory`, as loadDataset keeps them. */
export function sourcesOf(io: Io, cacheDirectory: string, onStage: (text: string) => void, signal?: AbortSignal): SourceOptions {
  return { baseDirectory: io.workingDirectory, remote: { ...remoteOf(io, onStage, signal), directory: join(cacheDirectory, 'downloads') } };
}
