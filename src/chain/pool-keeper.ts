import { isPolError } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import { bytesCodec, createBucket } from '../store/bucket.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';
import type { TransactionPool } from './transaction-pool.ts';

const kept = createBucket(Prefix.pooledTransactions, { key: bytesCodec, value: bytesCodec });

/** Keeps pooled transactions over a restart. */
export interface PoolKeeper {
  /** Pools again what was kept and is still valid. */
  restore(): Promise<void>;
  /** Writes what was pooled or left the pool since the last time. */
  save(): Promise<void>;
}

/**
 * A kill loses at most what came since the last `save`, which is called after each block: transactions are gossiped, so others
 * hold them too. Each save writes the difference only.
 */
export function createPoolKeeper(dependencies: {
  readonly store: KeyValueStore;
  readonly pool: Pick<TransactionPool, 'add' | 'content'>;
  readonly log: Logger;
}): PoolKeeper {
  const { store, pool, log } = dependencies;
  /** Names and hashes of what the store holds. */
  const stored = new Map<string, Uint8Array>();
  const nameOf = (hash: Uint8Array) => Buffer.from(hash).toString('hex');
  let saving: Promise<void> = Promise.resolve();

  async function save(): Promise<void> {
    const { pending, queued } = pool.content();
    const now = new Map([...pending, ...queued].map((transaction) => [nameOf(transaction.hash), transaction]));
    const writes: Write[] = [];
    for (const [name, { hash, raw }] of now) if (!stored.has(name)) writes.push(kept.put(hash, raw));
    for (const [name, hash] of stored) if (!now.has(name)) writes.push(kept.delete(hash));
    if (writes.length === 0) return;
    await store.write(writes);
    for (const [name] of stored) if (!now.has(name)) stored.delete(name);
    for (const [name, { hash }] of now) stored.set(name, hash);
  }

  return {
    async restore() {
      const entries = [...kept.range(store)].map(({ key, value }) => ({ hash: key.slice(), raw: value.slice() }));
      for (const { hash } of entries) stored.set(nameOf(hash), hash);
      let restored = 0;
      for (const { raw } of entries) {
        try {
          await pool.add(raw);
          restored++;
        } catch (error) {
          // It was included, replaced or outbid meanwhile: the next save forgets it.
          if (!isPolError(error)) throw error;
        }
      }
      if (entries.length > 0) log.info({ restored, dropped: entries.length - restored }, 'pooled transactions were kept');
    },
    save() {
      saving = saving.then(save, save);
      return saving;
    },
  };
}
