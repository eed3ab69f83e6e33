import { authoritySetHash } from '../codec/authority-set.ts';
import { certifiedHeaderCodec } from '../codec/blocks.ts';
import type { CertifiedHeader } from '../codec/types.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { createBucket, numberCodec, type StoredCodec } from '../store/bucket.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';
import { keepAuthoritySet, keptAuthoritySet } from './authority-sets.ts';
import type { BlockStore } from './block-store.ts';

/** Final headers with their certificates: those of held blocks, and those fetched ahead of, or instead of, blocks. */
export interface HeaderStore {
  /** The height up to which headers follow the head's without a gap. */
  top(): number;
  get(height: number): CertifiedHeader | undefined;
  /** Who decides on the block of a height, by the header before it (by the genesis at height 1); undefined when that is not held. */
  deciding(height: number): readonly Address[] | undefined;
  /** Writes for headers that follow the top, and for the sets they name. The caller has verified them. */
  append(headers: readonly CertifiedHeader[], sets: readonly (readonly Address[])[]): readonly Write[];
}

const stored: StoredCodec<CertifiedHeader> = certifiedHeaderCodec;
const headersByHeight = createBucket(Prefix.certifiedHeaders, { key: numberCodec, value: stored });
const tops = createBucket(Prefix.syncProgress, { key: numberCodec, value: numberCodec });
const TOP = 0;

/** @param dependencies.genesisAuthorities who decides on the first block, ascending */
export function createHeaderStore(dependencies: {
  readonly store: KeyValueStore;
  readonly blocks: Pick<BlockStore, 'headHeight' | 'block'>;
  readonly genesisAuthorities: readonly Address[];
}): HeaderStore {
  const { store, blocks, genesisAuthorities } = dependencies;
  const genesisSet = authoritySetHash(genesisAuthorities);

  function get(height: number): CertifiedHeader | undefined {
    const held = headersByHeight.get(store, height);
    if (held !== undefined) return held;
    const record = blocks.block(height);
    return record && { header: record.final.block.header, certificate: record.final.certificate };
  }

  return {
    top: () => Math.max(blocks.headHeight(), tops.get(store, TOP) ?? 0),
    get,
    deciding(height) {
      const hash = height === 1 ? genesisSet : get(height - 1)?.header.nextAuthorities;
      if (hash === undefined) return undefined;
      return equalBytes(hash, genesisSet) ? genesisAuthorities : keptAuthoritySet(store, hash);
    },
    append(headers, sets) {
      const last = headers.at(-1);
      if (last === undefined) return [];
      return [
        ...sets.map(keepAuthoritySet),
        ...headers.map((each) => headersByHeight.put(each.header.height, each)),
        tops.put(TOP, last.header.height),
      ];
    },
  };
}
