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

/**
 * Roots of what the accepted updates of the round before left for their trainers, which is what these may begin `round` with. Empty
 * where nothing is carried.
 * @throws CLI_NOT_KEPT when that round or one of its updates is served no more
 */
export async function carriedInto(
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
  const earlier = round - 1;
  if (format.nothingCarried === undefined || earlier < 0) return new Map();
  const { context, chain, fetchUpdate, blobs, signal } = dependencies;
  const height = await source.settledAt(earlier);
  const notKept = () =>
    cliError('CLI_NOT_KEPT', `nobody serves the updates of round ${earlier} any more, which say what trainers carried into this one`);
  if (height === undefined) throw notKept();
  const { settled } = await certifiedSettlement({ round: earlier, height }, context, chain, signal);
  const kept = new Map<Hex, Hash>();
  for (const { proof, outcome } of settled.proofs) {
    if (outcome !== 'accepted') continue;
    const bytes = (await fetchUpdate(proof)) ? await blobs.get(proof.updateHash) : undefined;
    if (bytes === undefined) throw notKept();
    const { carried } = format.decode(bytes);
    if (carried !== undefined) kept.set(toHex(proof.trainer), carried.after);
  }
  return kept;
}
