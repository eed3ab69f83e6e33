import { join } from 'node:path';
import { type LoadedDataset, loadDataset } from '../../data/dataset.ts';
import { openSource, type SourceOptions } from '../../data/source.ts';
import type { TextTokenizer } from '../../data/text-tokenizer.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import type { Io } from '../io.ts';
import { remoteOf } from '../remote.ts';
import { formatBytes } from '../text.ts';

const CACHE_FOLDER = 'tokens';

/** Where the tokens of a run, and what is fetched for it, are kept: the folder that was named, or else one in the run's. */
export function cacheOf({ cache, runDirectory }: { readonly cache?: string | undefined; readonly runDirectory: string }): string {
  return cache ?? join(runDirectory, CACHE_FOLDER);
}

/** Bytes of all files of a source. @throws DATA_SOURCE_NOT_FOUND */
export async function textBytes(source: string, sources: SourceOptions): Promise<number> {
  const files = await openSource(source, sources);
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

/** Tokenises a source, or takes it from the cache; throws as `loadDataset`. */
export function loadText(
  options: {
    readonly source: string;
    readonly model: ModelConfig;
    readonly heldOutTokens?: number | undefined;
    readonly heldOutPpm?: number | undefined;
    /** Undefined: GPT-2's. */
    readonly tokenizer?: TextTokenizer | undefined;
    /** Where the tokens are kept: this folder, or else one in the run's. */
    readonly cache?: string | undefined;
    readonly runDirectory: string;
  },
  dependencies: { readonly io: Io; readonly onStage: (text: string) => void; readonly signal?: AbortSignal },
): Promise<LoadedDataset> {
  const { source, model, heldOutTokens, tokenizer } = options;
  return loadDataset(
    {
      source,
      vocabSize: model.vocab_size,
      contextLength: model.context_length,
      cacheDirectory: cacheOf(options),
      heldOutPpm: options.heldOutPpm,
      ...(tokenizer === undefined ? {} : { tokenizer }),
      ...(heldOutTokens === undefined ? {} : { heldOutTokens }),
    },
    {
      baseDirectory: dependencies.io.workingDirectory,
      remote: remoteOf(dependencies.io, dependencies.onStage, dependencies.signal),
      onProgress: ({ bytesDone, bytesTotal }) =>
        dependencies.onStage(
          `tokenising ${source} … ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)} (${Math.floor((100 * bytesDone) / bytesTotal)} %)`,
        ),
    },
  );
}
