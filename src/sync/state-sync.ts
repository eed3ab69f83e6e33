import { createStateDownload } from '../execution/state-download.ts';
import type { StateItem } from '../execution/trie-nodes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { syncError } from './errors.ts';
import { MAX_STATE_ITEMS_PER_REQUEST, MAX_STATE_RESPONSE_BYTES, PIECE_TIMEOUT_MS, STATE_BATCH_BYTES } from './limits.ts';
import { type Job, type SwarmDependencies, swarm } from './swarm.ts';
import { stateRequestCodec, stateResponseCodec } from './wire.ts';

/** Nodes are hashed in turns of this many, between which the node does its other work. */
const ITEMS_PER_TURN = 64;

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

export interface StateSyncDependencies extends SwarmDependencies {
  readonly store: KeyValueStore;
}

/**
 * Fetches accounts, storage and code that a state root reaches, by hash, several hundred at a time from several peers.
 * @returns the number of items, or undefined when nobody serves the rest now: what is there is kept
 */
export async function syncState(stateRoot: Hash, dependencies: StateSyncDependencies, signal: AbortSignal): Promise<number | undefined> {
  const { network, store } = dependencies;
  const download = createStateDownload(stateRoot, { store });
  let writing: Promise<void> = Promise.resolve();

  /** One batch at a time. */
  function flush(): Promise<void> {
    writing = writing.then(download.flush, download.flush);
    return writing;
  }

  const job: Job<readonly StateItem[]> = {
    take() {
      const items = download.take(MAX_STATE_ITEMS_PER_REQUEST);
      return items.length === 0 ? undefined : items;
    },
    giveBack: download.giveBack,
    async fetch(peer, items, abort) {
      const request = stateRequestCodec.encode(items.map(({ hash }) => hash));
      const bytes = await network.request(peer, 'state', request, {
        maxBytes: 2 * MAX_STATE_RESPONSE_BYTES,
        timeoutMs: PIECE_TIMEOUT_MS,
        signal: abort,
      });
      if (bytes.length === 0) return 'absent';
      const found = stateResponseCodec.decode(bytes);
      let brought = 0;
      for (const [i, item] of items.entries()) {
        const value = found[i];
        if (value === undefined || value.length === 0) continue;
        if (!download.deliver(item, value)) throw syncError('SYNC_WRONG_BYTES', 'a node of the state has another hash');
        brought++;
        if (brought % ITEMS_PER_TURN === 0) await nextTurn();
      }
      if (brought === 0) return 'absent';
      if (brought < items.length) download.giveBack(items.filter((_, i) => (found[i]?.length ?? 0) === 0));
      if (download.unwrittenBytes >= STATE_BATCH_BYTES || download.isFetched) await flush();
      return 'kept';
    },
    isDone: () => download.isComplete,
  };
  try {
    return (await swarm(job, dependencies, signal)) ? download.items : undefined;
  } finally {
    await flush().catch(() => {});
  }
}
