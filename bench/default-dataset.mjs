import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDataset } from '../dist/data/dataset.js';
import { DEFAULT_DATA_SOURCE, DEFAULT_MODEL } from '../dist/params/network-defaults.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The text that a default network trains on, in the tokens of a model. */
export function loadDefaultDataset({ context_length: contextLength, vocab_size: vocabSize } = DEFAULT_MODEL) {
  return loadDataset(
    { source: DEFAULT_DATA_SOURCE, vocabSize, contextLength, cacheDirectory: join(tmpdir(), 'pol-tokens') },
    { baseDirectory: root },
  );
}
