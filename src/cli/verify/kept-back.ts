import type { UpdateReference } from '../../learning/types.ts';
import type { UpdateFormat } from '../../learning/update-format.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { ProtocolContext } from '../../protocol/context.ts';
import type { BlobStore } from '../../store/kv.ts';
import type { CertifiedDependencies } from '../../sync/certified.ts';
import { cliError } from '../errors.ts';
import type { ChainSource } from './chain-source.ts';
import { certifiedSettlement } from './settlement.ts';

/** Rounds from an update to the one that goes on from what it kept back (learning/feedback.ts). */
const FEEDBACK_ROUNDS = 2;

/**
 * Where updates are sparse: roots of what the accepted updates of two rounds before kept back, by trainer, which is what the trainers
 * of `round` may begin with. Empty where updates are dense.
 * @throws CLI_NOT_KEPT when that round or one of its updates is served no more
 */
export async function keptBackFor(
  round: number,
  format: UpdateFormat,
  source: ChainSource,
  dependencies: {
    readonly context: ProtocolContext;
    readonly chain: CertifiedDependencies;
    readonly fetchUpdate: (reference: UpdateReference) => Promise<boolean>;
    readonly blobs: BlobStore;
    readonly signal: AbortSignal;
  },
): Promise<ReadonlyMap<Hex, Hash>> {
  const earlier = round - FEEDBACK_ROUNDS;
  if (format.noFeedback === undefined || earlier < 0) return new Map();
  const { context, chain, fetchUpdate, blobs, signal } = dependencies;
  const height = await source.settledAt(earlier);
  const notKept = () => cliError('CLI_NOT_KEPT', `nobody serves what the sparse updates of round ${earlier} kept back any more`);
  if (height === undefined) throw notKept();
  const { settled } = await certifiedSettlement({ round: earlier, height }, context, chain, signal);
  const kept = new Map<Hex, Hash>();
  for (const { proof, outcome } of settled.proofs) {
    if (outcome !== 'accepted') continue;
    const bytes = (await fetchUpdate(proof)) ? await blobs.get(proof.updateHash) : undefined;
    if (bytes === undefined) throw notKept();
    const { feedback } = format.decode(bytes);
    if (feedback !== undefined) kept.set(toHex(proof.trainer), feedback.after);
  }
  return kept;
}
