import { authoritySetCodec, authoritySetHash } from '../codec/authority-set.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { bytesCodec, createBucket } from '../store/bucket.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';

/** Authority sets under the hash by which headers name them. That of the genesis is known without. */
const sets = createBucket<Hash, readonly Address[]>(Prefix.authoritySets, { key: bytesCodec, value: authoritySetCodec });

export function keepAuthoritySet(set: readonly Address[]): Write {
  return sets.put(authoritySetHash(set), set);
}

export function keptAuthoritySet(store: Pick<KeyValueStore, 'get'>, hash: Hash): readonly Address[] | undefined {
  return sets.get(store, hash);
}
