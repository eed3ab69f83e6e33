import { randomBytes } from 'node:crypto';
import { describeDataset } from '../../data/dataset.ts';
import { modelConfigForSize } from '../../model/shape.ts';
import { measureTokensPerSecond } from '../../model/training-speed.ts';
import { createOnion, onionSeed } from '../../protocol/onion.ts';
import type { Io } from '../io.ts';
import { createProgress } from '../progress.ts';
import { formatBytes } from '../text.ts';
import type { CreateNetworkDependencies } from './create-network.ts';

/** The real ones: data sets, model shapes, hash chains, randomness, time, and progress on the terminal. */
export function networkDependencies(io: Io): CreateNetworkDependencies {
  const progress = createProgress(io.err, io.clock.now);
  return {
    describeDataset: (options) =>
      describeDataset(options, {
        baseDirectory: io.workingDirectory,
        onProgress: ({ bytesDone, bytesTotal }) =>
          progress.update(
            `tokenising ${options.source} … ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)} (${Math.floor((100 * bytesDone) / bytesTotal)} %)`,
          ),
      }),
    modelConfigForSize,
    measureTokensPerSecond: () => measureTokensPerSecond(io.clock.now),
    onionTip: (privateKey, chain) => createOnion(onionSeed(privateKey, chain)).tip,
    random: randomBytes,
    now: io.clock.now,
    progress,
  };
}
