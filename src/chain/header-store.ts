import { certifiedHeaderCodec } from '../codec/blocks.ts';
import type { CertifiedHeader } from '../codec/types.ts';
import { createBucket, numberCodec, type StoredCodec } from '../store/bucket.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';
import type { BlockStore } from './block-store.ts';

/** Final headers with their certificates: those of held blocks, and those fetched ahead of, or instead of, blocks. */
export interface HeaderStore {
  /** The height up to which headers follow the head's without a gap. */
  top(): number;
  get(height: number): CertifiedHeader | undefined;
  /** Writes for headers that follow the top. The caller has verified them. */
  append(headers: readonly CertifiedHeader[]): readonly Write[];
}

const stored: StoredCodec<CertifiedHeader> = certifiedHeaderCodec;
const headersByHeight = createBucket(Prefix.certifiedHeaders, { key: numberCodec, value: stored });
const tops = createBucket(Prefix.syncProgress, { key: numberCodec, value: numberCodec });
const TOP = 0;

export function createHeaderStore(store: KeyValueStore, blocks: Pick<BlockStore, 'headHeight' | 'block'>): HeaderStore {
  return {
    top: () => Math.max(blocks.headHeight(), tops.get(store, TOP) ?? 0),
    get(height) {
      const held = headersByHeight.get(store, height);
      if (held !== undefined) return held;
      const record = blocks.block(height);
      return record && { header: record.final.block.header, certificate: record.final.certificate };
    },
    append(headers) {
      const last = headers.at(-1);
      if (last === undefined) return [];
      return [...headers.map((each) => headersByHeight.put(each.header.height, each)), tops.put(TOP, last.header.height)];
    },
  };
}
