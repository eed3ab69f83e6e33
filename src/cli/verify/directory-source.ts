import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createBlockStore } from '../../chain/block-store.ts';
import { createHeaderStore } from '../../chain/header-store.ts';
import { openOpenings } from '../../learning/openings.ts';
import { createLearningService } from '../../learning/service.ts';
import { pathsOf } from '../../node/paths.ts';
import { authorityAddresses, genesisHash, parseGenesis } from '../../params/genesis.ts';
import { nodeConfigSchema } from '../../params/node-config.ts';
import { toHex, utf8 } from '../../primitives/bytes.ts';
import type { Logger } from '../../primitives/log.ts';
import { createFileBlobStore } from '../../store/blobs.ts';
import { openLmdbStore } from '../../store/lmdb.ts';
import { lockDataDirectory } from '../../store/lock.ts';
import { serveSync } from '../../sync/serve.ts';
import { createSnapshotStore } from '../../sync/snapshot-store.ts';
import type { SyncProtocol } from '../../sync/transport.ts';
import { cliError } from '../errors.ts';
import { readTextFile } from '../files.ts';
import type { Io } from '../io.ts';
import type { ChainSource } from './chain-source.ts';

export interface DirectorySourceOptions {
  /** Of a node that is stopped. */
  readonly dataDir: string;
  /** The network's genesis; left out: the one kept in the directory. */
  readonly genesisFile: string | undefined;
  readonly genesisHash: string | undefined;
  readonly datasetCache: string;
  readonly backend: string;
}

/**
 * Reads a stopped node's data directory as if it were a peer: the same requests, the same checks of every byte.
 * @throws STORE_LOCKED while a node uses it, CLI_FILE_UNREADABLE, CLI_CHECK_FAILED for another genesis than the pinned one
 */
export async function openDirectorySource(
  options: DirectorySourceOptions,
  { io, log }: { readonly io: Io; readonly log: Logger },
): Promise<ChainSource> {
  const directory = resolve(io.workingDirectory, options.dataDir);
  const genesisText = readTextFile(options.genesisFile ?? `${directory}/genesis.json`, io.workingDirectory);
  const genesis = parseGenesis(JSON.parse(genesisText));
  const hash = genesisHash(genesis);
  if (options.genesisHash !== undefined && toHex(hash) !== options.genesisHash) {
    throw cliError('CLI_CHECK_FAILED', `the genesis has hash ${toHex(hash)}, not ${options.genesisHash}`);
  }
  const paths = pathsOf(nodeConfigSchema.parse({ data_dir: directory }));
  // Locking would make the directory.
  if (!existsSync(paths.store)) throw cliError('CLI_NOT_KEPT', `${directory} holds no chain: is that a node's data directory?`);
  const lock = await lockDataDirectory(directory);
  const closers: (() => Promise<unknown>)[] = [lock.release];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    const store = await openLmdbStore(paths.store);
    closers.push(() => store.close());
    const blocks = createBlockStore(store);
    if (blocks.requireGenesis(hash) === 'new') throw cliError('CLI_NOT_KEPT', `${directory} holds no chain`);
    const blobs = createFileBlobStore(paths.blobs);
    const learning = await createLearningService(
      { genesis, directory, backend: options.backend, threads: 1, datasetCache: options.datasetCache, baseDirectory: io.workingDirectory },
      { blobs, log },
    );
    closers.push(() => learning.close());
    const headers = createHeaderStore({ store, blocks, genesisAuthorities: authorityAddresses(genesis) });
    const height = blocks.headHeight();
    const handlers = new Map<SyncProtocol, (bytes: Uint8Array, from: string) => Promise<Uint8Array>>();
    serveSync({
      network: { handle: (protocol, handler) => void handlers.set(protocol, handler) },
      headers: { get: (at) => (at > height ? undefined : headers.get(at)), deciding: headers.deciding },
      finalBlock: (at) => blocks.block(at)?.final ?? createSnapshotStore(store).witness(at),
      protocolState: blocks.state,
      store,
      blobs,
      learning,
      openings: await openOpenings({ genesis, directory: paths.learning }, { blobs }),
      genesisDocument: utf8(genesisText),
    });
    return {
      genesis,
      genesisHash: hash,
      network: {
        peers: () => [{ id: directory, account: undefined, height }],
        async request(peer, protocol, bytes) {
          const handler = handlers.get(protocol);
          return handler === undefined ? new Uint8Array(0) : handler(bytes, peer);
        },
        penalise: (_, __, why) => log.warn({ directory }, `the data directory is damaged: ${why}`),
      },
      settledAt: async (round) => blocks.settledRound(round)?.height,
      lastSettled: async () => blocks.state(height)?.settledRound ?? -1,
      name: `${genesis.name}, ${directory}`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
