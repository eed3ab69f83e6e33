import { join } from 'node:path';
import { type LoadedDataset, loadDataset } from '../../data/dataset.ts';
import { openSource } from '../../data/source.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { formatBytes } from '../text.ts';

const CACHE_FOLDER = 'tokens';

/** Bytes of all documents of a source. @throws DATA_SOURCE_NOT_FOUND */
export async function textBytes(source: string, workingDirectory: string): Promise<number> {
  const files = await openSource(source, { baseDirectory: workingDirectory });
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

/** Tokenises a source, or takes it from the cache; throws as `loadDataset`. */
export function loadText(
  options: {
    readonly source: string;
    readonly model: ModelConfig;
    readonly heldOutTokens?: number | undefined;
    /** Where the tokens are kept: this folder, or else one in the run's. */
    readonly cache?: string | undefined;
    readonly runDirectory: string;
  },
  dependencies: { readonly workingDirectory: string; readonly onStage: (text: string) => void },
): Promise<LoadedDataset> {
  const { source, model, heldOutTokens } = options;
  return loadDataset(
    {
      source,
      vocabSize: model.vocab_size,
      contextLength: model.context_length,
      cacheDirectory: options.cache ?? join(options.runDirectory, CACHE_FOLDER),
      ...(heldOutTokens === undefined ? {} : { heldOutTokens }),
    },
    {
      baseDirectory: dependencies.workingDirectory,
      onProgress: ({ bytesDone, bytesTotal }) =>
        dependencies.onStage(
          `tokenising ${source} … ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)} (${Math.floor((100 * bytesDone) / bytesTotal)} %)`,
        ),
    },
  );
}
