import { openingCodec } from '../codec/opening.ts';
import { uint64BE } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { BlobStore } from '../store/kv.ts';
import type { BlobIndex } from './blob-index.ts';
import type { Opening } from './types.ts';

/** Openings of other trainers' proofs that this node has checked: who judges a verdict again needs them, also when the trainer is gone. */
export interface KeptOpenings {
  keep(round: number, trainer: Address, opening: Opening): Promise<void>;
  get(round: number, trainer: Address, segment: number): Promise<Opening | undefined>;
}

/** They lie among the blobs under a name made of their place, and go with the other blobs of their round. */
export function createKeptOpenings({ blobs, index }: { readonly blobs: BlobStore; readonly index: BlobIndex }): KeptOpenings {
  const nameOf = (round: number, trainer: Address, segment: number): Hash =>
    taggedHash('pol/opening-name/1', uint64BE(round), trainer, uint64BE(segment));
  return {
    async keep(round, trainer, opening) {
      const name = nameOf(round, trainer, opening.segment);
      if (await blobs.has(name)) return;
      await index.note(round, [name]);
      await blobs.put(name, openingCodec.encode(opening));
    },
    async get(round, trainer, segment) {
      const bytes = await blobs.get(nameOf(round, trainer, segment));
      try {
        return bytes && openingCodec.decode(bytes);
      } catch (error) {
        // The disk changed it: as good as not kept.
        if (isPolError(error)) return undefined;
        throw error;
      }
    },
  };
}
