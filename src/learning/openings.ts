import { openingCodec } from '../codec/opening.ts';
import { type Genesis, genesisHash } from '../params/genesis.ts';
import { equalBytes, uint64BE } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { BlobStore } from '../store/kv.ts';
import type { BlobIndex } from './blob-index.ts';
import { openerOf } from './leaves.ts';
import { openRoundRecords } from './round-record.ts';
import type { Opening } from './types.ts';

/** Opens segments of proofs made here, and of those checked here: who judges a verdict again needs them, also when the trainer is gone. */
export interface Openings {
  /** Undefined when the round is not kept, the proof not given out, or the segment not one of its. */
  opening(round: number, trainer: Address, segment: number): Promise<Opening | undefined>;
}

/**
 * Reads what the learning service of this folder (learningDirectory) left on disk, in whichever thread: a checker waits
 * seconds for an opening, and a step of a large model keeps the thread that trains for longer.
 */
export async function openOpenings(
  { genesis, directory }: { readonly genesis: Genesis; readonly directory: string },
  { blobs }: { readonly blobs: Pick<BlobStore, 'get'> },
): Promise<Openings> {
  const network = { chainId: genesis.chain_id, genesisHash: genesisHash(genesis) };
  const records = await openRoundRecords({ directory });
  /** Of the proof that was asked for last: checkers ask for many segments of one. */
  let last: { readonly round: number; readonly trainer: Address; readonly open: ReturnType<typeof openerOf> } | undefined;

  async function openerOfOwn(round: number, trainer: Address): Promise<ReturnType<typeof openerOf> | undefined> {
    if (last?.round === round && equalBytes(last.trainer, trainer)) return last.open;
    const record = await records.read(round, trainer);
    // Before the proof is given out its number of leaves is open, and so are the paths.
    if (record?.update === undefined) return undefined;
    const open = openerOf({ ...network, round, trainer }, record.stateRoots);
    last = { round, trainer, open };
    return open;
  }

  async function kept(round: number, trainer: Address, segment: number): Promise<Opening | undefined> {
    const bytes = await blobs.get(nameOf(round, trainer, segment));
    try {
      return bytes && openingCodec.decode(bytes);
    } catch (error) {
      // The disk changed it: as good as not kept.
      if (isPolError(error)) return undefined;
      throw error;
    }
  }

  return {
    async opening(round, trainer, segment) {
      const open = await openerOfOwn(round, trainer);
      return open === undefined ? kept(round, trainer, segment) : open(segment);
    },
  };
}

/** Keeps openings of others' proofs. They lie among the blobs under a name made of their place, and go with the other blobs of their round. */
export interface KeptOpenings {
  keep(round: number, trainer: Address, opening: Opening): Promise<void>;
}

export function createKeptOpenings({ blobs, index }: { readonly blobs: BlobStore; readonly index: BlobIndex }): KeptOpenings {
  return {
    async keep(round, trainer, opening) {
      const name = nameOf(round, trainer, opening.segment);
      if (await blobs.has(name)) return;
      await index.note(round, [name]);
      await blobs.put(name, openingCodec.encode(opening));
    },
  };
}

function nameOf(round: number, trainer: Address, segment: number): Hash {
  return taggedHash('pol/opening-name/1', uint64BE(round), trainer, uint64BE(segment));
}
