import type { ProofOperation } from '../codec/types.ts';
import type { BoundaryInput, UpdateReference } from '../learning/types.ts';
import { acceptedProofs } from '../protocol/acceptance.ts';
import type { ProtocolContext } from '../protocol/context.ts';
import type { ProtocolState, SettledRound } from '../protocol/types.ts';

/** The updates of proofs, in the proofs' order. */
export function sealedReferences(proofs: readonly ProofOperation[]): readonly UpdateReference[] {
  return proofs.map(({ trainer, updateHash, tokens }) => ({ trainer, updateHash, tokens }));
}

/** The updates that the next boundary will settle, by the votes and rulings in `state`. */
export function acceptedReferences(state: ProtocolState, context: ProtocolContext): readonly UpdateReference[] {
  return sealedReferences(acceptedProofs(state, context));
}

/** What the last boundary block did to the models, read back from the state it left and the round it settled. */
export function lastBoundaryInput(state: ProtocolState, settled: SettledRound | undefined): BoundaryInput | undefined {
  if (state.sealed === undefined) return undefined;
  const accepted = settled?.proofs.filter((record) => record.outcome === 'accepted').map((record) => record.proof) ?? [];
  return { round: state.sealed.number, accepted: sealedReferences(accepted), sealed: sealedReferences(state.sealed.proofs) };
}
