import { join } from 'node:path';
import { silentLogger } from '../../primitives/log.ts';
import type { Io } from '../io.ts';
import { createLogger } from '../logger.ts';
import type { Progress } from '../progress.ts';
import type { ChainSource } from './chain-source.ts';
import type { VerifyFlags } from './verify.ts';

/** The chain that the flags name: a network by one of its nodes, or a stopped node's directory. */
export async function openSource(flags: VerifyFlags, io: Io, progress: Progress): Promise<ChainSource> {
  const log = io.environment.POL_LOG_LEVEL === 'DEBUG' ? createLogger({ level: 'DEBUG', nodeId: 'verifier' }, io.err) : silentLogger;
  if (flags.dataDir === undefined) {
    progress.update(`joining the network of ${flags.url} …`);
    const { openNetworkSource } = await import('./network-source.ts');
    return openNetworkSource({ url: flags.url, genesisHash: flags.genesisHash }, { io, log });
  }
  const { openDirectorySource } = await import('./directory-source.ts');
  return openDirectorySource(
    {
      dataDir: flags.dataDir,
      genesisFile: flags.genesisFile,
      genesisHash: flags.genesisHash,
      datasetCache: cacheOf(flags, io),
      backend: flags.backend,
    },
    { io, log },
  );
}

/** Where tokenised text is kept. */
export function cacheOf(flags: VerifyFlags, io: Io): string {
  return flags.datasetCache ?? join(flags.dataDir ?? io.workingDirectory, 'datasets');
}
