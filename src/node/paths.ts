import { join } from 'node:path';
import { learningDirectory } from '../learning/files.ts';
import type { NodeConfig } from '../params/node-config.ts';

/** What lies where in a data directory. */
export function pathsOf(config: NodeConfig) {
  const { data_dir: root } = config;
  return {
    store: join(root, 'chain'),
    blobs: join(root, 'blobs'),
    learning: learningDirectory(root),
    download: join(root, 'download'),
    served: join(root, 'served'),
    wal: join(root, 'consensus.wal'),
  };
}

/** Tokenised texts; several nodes of one machine may share them. */
export function datasetCacheOf(config: NodeConfig): string {
  return config.dataset_cache ?? join(config.data_dir, 'datasets');
}
