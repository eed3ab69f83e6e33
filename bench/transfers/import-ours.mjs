// node import-ours.mjs FILE TRANSFERS WARM_UP [one-thread]: validates and commits the blocks on LMDB, each in one durable batch, as a node does.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createExecutionEngine } from '../../dist/execution/create-engine.js';
import { createSenderRecovery } from '../../dist/execution/senders.js';
import { systemPace } from '../../dist/execution/watch.js';
import { startRecoveryWorker } from '../../dist/node/worker/services.js';
import { silentLogger } from '../../dist/primitives/log.js';
import { openLmdbStore } from '../../dist/store/lmdb.js';
import { attributesAfter, benchGenesis } from './network.mjs';
import { readBlocks, timeImport } from './read-blocks.mjs';

const [file, transfers, warmUp] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const directory = mkdtempSync(join(tmpdir(), 'pol-bench-'));
try {
  const store = await openLmdbStore(directory);
  const thread = await startRecoveryWorker(silentLogger, (error) => {
    throw error;
  });
  const engine = await createExecutionEngine(
    { genesis: benchGenesis(transfers) },
    {
      store,
      recovery: createSenderRecovery({ threads: process.argv[5] === 'one-thread' ? [] : [thread.remote.recover], pace: systemPace }),
    },
  );
  await timeImport(readBlocks(file), warmUp, async (bytes) => {
    const { hash, stateRoot } = await engine.validate(bytes, attributesAfter(engine.head));
    await store.write(engine.commit(hash));
    engine.advance(hash);
    return stateRoot;
  });
  await store.close();
  await thread.terminate();
} finally {
  rmSync(directory, { recursive: true });
}
