import { operationAuthor } from '../codec/operations.ts';
import type { Operation, SignedOperation } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { challengeSeedOf, nextBeacon } from './beacon.ts';
import { applyBoundary } from './boundary.ts';
import type { ProtocolContext } from './context.ts';
import { protocolError } from './errors.ts';
import { withAddress, withItem } from './sorted.ts';
import type { ProtocolInput, ProtocolOutput, ProtocolState } from './types.ts';
import { validateOperation } from './validate-operation.ts';

/**
 * The learning protocol's step from one block to the next: pure, the same on every node. Signatures are not checked here
 * (`verifySignedOperation`): they cost more than everything else and hold in every state, so their results are kept.
 *
 * @throws PROTOCOL_* when the block breaks a rule; the state given is unchanged in every case
 */
export function applyBlock(state: ProtocolState, input: ProtocolInput, context: ProtocolContext): ProtocolOutput {
  const { height, operations, boundary } = input;
  // 1. The block is the next one.
  if (height !== state.height + 1) {
    throw protocolError('PROTOCOL_WRONG_HEIGHT', `block ${height} does not follow height ${state.height}`);
  }
  const isBoundary = height === state.open.sealsAt;
  if (boundary === undefined) {
    // 2. Where a round ends, the block has a boundary.
    if (isBoundary)
      throw protocolError('PROTOCOL_BOUNDARY_MISSING', `block ${height} ends round ${state.open.number}: boundary is missing`);
    const applied = applyOperations(state, operations, context);
    return { state: closeRevealWindow({ ...applied, height }, context), withdrawals: [], settled: undefined };
  }
  // 3. Elsewhere it has none.
  if (!isBoundary)
    throw protocolError('PROTOCOL_BOUNDARY_UNEXPECTED', `block ${height} has a boundary; one is due at ${state.open.sealsAt}`);
  // 4. A boundary block carries no operations, so that what it settles and merges is known from the block before.
  if (operations.length > 0) {
    throw protocolError('PROTOCOL_BOUNDARY_WITH_OPERATIONS', `boundary block ${height} carries ${operations.length} operations`);
  }
  return applyBoundary(state, height, boundary, context);
}

/**
 * Applies operations one after the other on the way to the next block; two that exclude each other (two proofs by one
 * trainer, the last free place) do not both pass. A block builder folds over `validateOperation` and this.
 * @throws PROTOCOL_OPERATION_REFUSED naming the operation and the rule
 */
export function applyOperations(state: ProtocolState, operations: readonly SignedOperation[], context: ProtocolContext): ProtocolState {
  return operations.reduce((current, { operation }, index) => {
    const standing = validateOperation(current, operation, context);
    if (standing.kind === 'valid') return record(current, operation);
    const which = `operation ${index} (${operation.type} by ${toHex(operationAuthor(operation))})`;
    throw protocolError('PROTOCOL_OPERATION_REFUSED', `${which}: ${standing.message}`, { data: { index, standing } });
  }, state);
}

/** The effect of an operation that is valid. */
function record(state: ProtocolState, operation: Operation): ProtocolState {
  const { open, sealed } = state;
  switch (operation.type) {
    case 'join':
      return { ...state, joining: withAddress(state.joining, operation.trainer) };
    case 'proof':
      return { ...state, open: { ...open, proofs: withItem(open.proofs, operation, (proof) => proof.trainer) } };
    case 'reveal': {
      const authorities = state.authorities.map((authority) =>
        toHex(authority.address) === toHex(operation.authority)
          ? { ...authority, onion: operation.preimage, revealedRound: operation.round }
          : authority,
      );
      return { ...state, authorities };
    }
    case 'vote': {
      if (sealed === undefined) return state;
      const { authority, verdicts, heldOutLoss, heldOutAccuracy } = operation;
      const cast = { authority, verdicts, heldOutLoss, heldOutAccuracy };
      return { ...state, sealed: { ...sealed, votes: withItem(sealed.votes, cast, (vote) => vote.authority) } };
    }
  }
}

/** At the end of the reveal window the preimages shown become the challenges of the sealed round and the next beacon. */
function closeRevealWindow(state: ProtocolState, { genesis }: ProtocolContext): ProtocolState {
  const { sealed } = state;
  if (sealed === undefined || state.height !== sealed.sealedAt + genesis.rounds.reveal_blocks) return state;
  return { ...state, beacon: nextBeacon(state, sealed), sealed: { ...sealed, challengeSeed: challengeSeedOf(state, sealed) } };
}
