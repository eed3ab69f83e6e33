import { existsSync } from 'node:fs';
import { createBlockStore } from '../../chain/block-store.ts';
import { type Lineage, lineageOf } from '../../chain/lineage.ts';
import { headerHash } from '../../codec/blocks.ts';
import { pathsOf } from '../../node/paths.ts';
import { type Genesis, genesisHash } from '../../params/genesis.ts';
import { nodeConfigSchema } from '../../params/node-config.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import { isPolError } from '../../primitives/errors.ts';
import { openLmdbStore } from '../../store/lmdb.ts';
import { lockDataDirectory } from '../../store/lock.ts';
import type { Io } from '../io.ts';

/**
 * Where the settled model in a node's data directory comes from, by the chain that lies there. Undefined while the node runs, which says
 * so on stderr, where the node lacks the history, and where the model is the initial one.
 */
export async function readChainLineage(
  directory: string,
  { genesis, modelRoot }: { readonly genesis: Genesis; readonly modelRoot: Hex },
  io: Io,
): Promise<(Lineage & Readonly<Record<string, unknown>>) | undefined> {
  const { store: path } = pathsOf(nodeConfigSchema.parse({ data_dir: directory }));
  // Locking would make the directory.
  if (!existsSync(path)) return undefined;
  const lock = await lockDataDirectory(directory).catch((error) => {
    if (isPolError(error, 'STORE_DIRECTORY_IN_USE')) return undefined;
    throw error;
  });
  if (lock === undefined) {
    io.err.write('the node of this directory runs: its chain’s lineage is left out; export with --port or --url to have it\n');
    return undefined;
  }
  try {
    const store = await openLmdbStore(path);
    try {
      const blocks = createBlockStore(store);
      const identity = { genesis, genesisHash: genesisHash(genesis) };
      if (blocks.requireGenesis(identity.genesisHash) === 'new') return undefined;
      const block = (height: number) => {
        const record = blocks.block(height);
        return record === undefined
          ? undefined
          : { hash: headerHash(record.final.block.header), certificate: record.final.certificate, modelRoot: record.modelRoot };
      };
      // The learning engine's files may be a round behind the chain.
      for (let round = blocks.state(blocks.headHeight())?.settledRound ?? -1; round >= 0; round--) {
        const height = blocks.settledRound(round)?.height;
        const settled = height === undefined ? undefined : block(height);
        if (settled === undefined) break;
        if (toHex(settled.modelRoot) === modelRoot) return { ...lineageOf(identity, round, { settledRound: blocks.settledRound, block }) };
      }
      return undefined;
    } catch (error) {
      if (!isPolError(error, 'CHAIN_HISTORY_ABSENT')) throw error;
      io.err.write(`${error.message}; the export has no lineage of the chain\n`);
      return undefined;
    } finally {
      await store.close();
    }
  } finally {
    await lock.release();
  }
}
