import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeDataset } from '../../data/dataset.ts';
import { pinSource } from '../../data/source.ts';
import { writeVectors } from '../../learning/vector-file.ts';
import { modelConfigForSize } from '../../model/shape.ts';
import { measureTokensPerSecond } from '../../model/training-speed.ts';
import { createOnion, onionSeed } from '../../protocol/onion.ts';
import type { Io } from '../io.ts';
import { createProgress } from '../progress.ts';
import { remoteOf, sourcesOf } from '../remote.ts';
import { formatBytes } from '../text.ts';
import { chooseTokenizer } from '../tokenizer-choice.ts';
import { readBaseModel } from './base-model.ts';
import type { CreateNetworkDependencies } from './create-network.ts';

/** The real ones: data sets, model shapes, hash chains, randomness, time, and progress on the terminal. */
export function networkDependencies(io: Io): CreateNetworkDependencies {
  const progress = createProgress(io.err, io.clock.now);
  return {
    pinSource: (source, cacheDirectory) => pinSource(source, sourcesOf(io, cacheDirectory, progress.update)),
    chooseTokenizer: (wanted, { vocabSize, source, cacheDirectory }) =>
      chooseTokenizer(
        wanted,
        { vocabSize, source, workingDirectory: io.workingDirectory },
        {
          sources: sourcesOf(io, cacheDirectory, progress.update),
          onProgress: (done, total) => progress.update(`learning a vocabulary … ${formatBytes(done)} of ${formatBytes(total)}`),
        },
      ),
    readBaseModel: (path) => readBaseModel(path, io.clock.now),
    async writeWeights(path, weights) {
      await mkdir(dirname(path), { recursive: true });
      await writeVectors(path, [weights]);
    },
    describeDataset: ({ tokenizer, ...options }) =>
      describeDataset(
        { ...options, ...(tokenizer === undefined ? {} : { tokenizer }) },
        {
          baseDirectory: io.workingDirectory,
          remote: remoteOf(io, progress.update),
          onProgress: ({ bytesDone, bytesTotal }) =>
            progress.update(
              `tokenising ${options.source} … ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)} (${Math.floor((100 * bytesDone) / bytesTotal)} %)`,
            ),
        },
      ),
    modelConfigForSize,
    measureTokensPerSecond: () => measureTokensPerSecond(io.clock.now),
    onionTip: (privateKey, chain) => createOnion(onionSeed(privateKey, chain)).tip,
    random: randomBytes,
    now: io.clock.now,
    progress,
  };
}
