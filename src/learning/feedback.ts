import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { BlobStore } from '../store/kv.ts';
import type { BlobIndex } from './blob-index.ts';
import { vectorFromBytes, vectorRoot } from './chunks.ts';
import { learningError } from './errors.ts';
import type { RoundStart } from './models.ts';
import type { KeptVector, UpdateFormat } from './update-format.ts';

/**
 * What a sparse update leaves out is not lost: its trainer adds it to what a later round moves. That vector must be known before the
 * round, or it could be made up when the round's end is known, and it must come from work that was checked. So round r goes on from
 * what the trainer's update of round r−2 kept back: the last one whose acceptance is final when r starts. Even and odd rounds carry a
 * vector each. Without such an update (a newcomer, a missed round, a rejected proof) a round begins with zeros, which is allowed at
 * any time: a trainer that lost its vector goes on.
 */

/** True when round `start` may begin with the feedback vector of root `root`. */
export function mayBeginWith(root: Hash, trainer: Address, start: Pick<RoundStart, 'feedback'>, updates: UpdateFormat): boolean {
  if (updates.noFeedback !== undefined && equalBytes(root, updates.noFeedback)) return true;
  if (start.feedback === undefined) {
    throw learningError('LEARNING_WRONG_ROUND', 'this node took the model over from peers and does not know yet what trainers kept back');
  }
  const kept = start.feedback.get(toHex(trainer));
  return kept !== undefined && equalBytes(kept, root);
}

/** Root of the vector that the trainer's own round begins with: the one due when it is still held, else zeros. */
export async function ownFeedback(
  start: Pick<RoundStart, 'feedback'>,
  { round, trainer }: { readonly round: number; readonly trainer: Address },
  updates: UpdateFormat,
  { blobs, index }: { readonly blobs: BlobStore; readonly index: BlobIndex },
): Promise<Hash | undefined> {
  const due = start.feedback?.get(toHex(trainer));
  if (due === undefined || updates.noFeedback === undefined) return updates.noFeedback;
  const bytes = await blobs.get(due);
  if (bytes === undefined || !isVectorOf(due, bytes)) return updates.noFeedback;
  // Checkers of this round ask for it when the round that made it is no longer kept.
  await index.note(round, [due]);
  return due;
}

/**
 * The vector with this root from the blob store, as UpdateFormat.make takes it; undefined for zeros and where updates are dense.
 * @throws LEARNING_STORE_CORRUPT when it is not held or damaged
 */
export async function readFeedback(root: Hash | undefined, updates: UpdateFormat, blobs: BlobStore): Promise<KeptVector | undefined> {
  if (root === undefined || updates.noFeedback === undefined || equalBytes(root, updates.noFeedback)) return undefined;
  const bytes = await blobs.get(root);
  if (bytes !== undefined && isVectorOf(root, bytes)) return { root, vector: vectorFromBytes(bytes) };
  throw learningError('LEARNING_STORE_CORRUPT', `what was kept back for this round (${toHex(root)}) is damaged or gone`);
}

/** True when `bytes` are those of a vector of at least one value with this root. Never throws: they come from strangers. */
export function isVectorOf(root: Hash, bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length % 4 === 0 && equalBytes(vectorRoot(vectorFromBytes(bytes)), root);
}
