import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { BlobStore } from '../store/kv.ts';
import type { BlobIndex } from './blob-index.ts';
import { vectorFromBytes, vectorRoot } from './chunks.ts';
import { learningError } from './errors.ts';
import type { RoundStart } from './models.ts';
import type { CarriedVector, RoundBeginning, UpdateFormat } from './update-format.ts';

/**
 * What a trainer carries from one of its rounds into the next: its optimiser's moments, and what a sparse update left out. That vector
 * must be known before the round, or it could be made up when the round's end is known, and it must come from work that was checked. So
 * round r goes on from what the trainer's update of round r−1 left, and its proof holds only if that one was accepted, which is known when
 * the proof is checked though not when the round starts. Without such an update (a newcomer, a missed round, a rejected proof) a round
 * begins with zeros, which is allowed at any time: a trainer that lost its vector goes on.
 */

/** True when round `start` may begin with the carried vector of root `root`. */
export function mayBeginWith(root: Hash, trainer: Address, start: Pick<RoundStart, 'carried'>, updates: UpdateFormat): boolean {
  if (updates.nothingCarried !== undefined && equalBytes(root, updates.nothingCarried)) return true;
  if (start.carried === undefined) {
    throw learningError(
      'LEARNING_WRONG_ROUND',
      'this node does not know what trainers carried into that round: it is open, or older than its models',
    );
  }
  const left = start.carried.get(toHex(trainer));
  return left !== undefined && equalBytes(left, root);
}

/** Root of the vector that the trainer's own round begins with: the one left by the round before when it is still held, else zeros. */
export async function ownCarried(
  left: Hash | undefined,
  round: number,
  updates: UpdateFormat,
  { blobs, index }: { readonly blobs: BlobStore; readonly index: BlobIndex },
): Promise<Hash | undefined> {
  if (left === undefined || updates.nothingCarried === undefined) return updates.nothingCarried;
  const bytes = await blobs.get(left);
  if (bytes === undefined || !isVectorOf(left, bytes)) return updates.nothingCarried;
  // Checkers of this round ask for it when the round that made it is no longer kept.
  await index.note(round, [left]);
  return left;
}

/**
 * The vector with this root from the blob store, as UpdateFormat.make takes it; undefined for zeros and where nothing is carried.
 * @throws LEARNING_STORE_CORRUPT when it is not held or damaged
 */
export async function readCarried(root: Hash | undefined, updates: UpdateFormat, blobs: BlobStore): Promise<CarriedVector | undefined> {
  if (!carriesAny(root, updates)) return undefined;
  const bytes = await blobs.get(root);
  if (bytes !== undefined && isVectorOf(root, bytes)) return { root, vector: vectorFromBytes(bytes) };
  throw learningError('LEARNING_STORE_CORRUPT', `what was carried into this round (${toHex(root)}) is damaged or gone`);
}

/** False for the root of zeros, and where nothing is carried. */
export function carriesAny(root: Hash | undefined, { nothingCarried }: UpdateFormat): root is Hash {
  return root !== undefined && nothingCarried !== undefined && !equalBytes(root, nothingCarried);
}

/** What a trainer's round begins with, by the root of what is carried into it. @throws as readCarried */
export async function readBeginning(
  { weights, weightsRoot }: Pick<RoundStart, 'weights' | 'weightsRoot'>,
  root: Hash | undefined,
  updates: UpdateFormat,
  blobs: BlobStore,
): Promise<RoundBeginning & { readonly weightsRoot: Hash }> {
  const beginning = updates.begin(weights, await readCarried(root, updates, blobs));
  return { ...beginning, weightsRoot: beginning.weights === weights ? weightsRoot : vectorRoot(beginning.weights) };
}

/** True when `bytes` are those of a vector of at least one value with this root. Never throws: they come from strangers. */
export function isVectorOf(root: Hash, bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length % 4 === 0 && equalBytes(vectorRoot(vectorFromBytes(bytes)), root);
}
