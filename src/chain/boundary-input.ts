import type { ProofOperation } from '../codec/types.ts';
import type { BoundaryInput, UpdateReference } from '../learning/types.ts';
import { acceptedProofs } from '../protocol/settle.ts';
import type { ProtocolState, SettledRound } from '../protocol/types.ts';

/** The updates of proofs, in the proofs' order. */
export function sealedReferences(proofs: readonly ProofOperation[]): readonly UpdateReference[] {
  return proofs.map(({ trainer, updateHash, tokens }) => ({ trainer, updateHash, tokens }));
}

/** The updates that the next boundary will settle, by the votes in `state`. */
export function acceptedReferences(state: ProtocolState): readonly UpdateReference[] {
  return sealedReferences(acceptedProofs(state));
}

/** What the last boundary block did to the models, read back from the state it left and the round it settled. */
export function lastBoundaryInput(state: ProtocolState, settled: SettledRound | undefined): BoundaryInput | undefined {
  if (state.sealed === undefined) return undefined;
  const accepted = settled?.proofs.filter((record) => record.outcome === 'accepted').map((record) => record.proof) ?? [];
  return { round: state.sealed.number, accepted: sealedReferences(accepted), sealed: sealedReferences(state.sealed.proofs) };
}
