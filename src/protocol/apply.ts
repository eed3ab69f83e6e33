import { operationAuthor } from '../codec/operations.ts';
import type { SignedOperation } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { challengeSeedOf, nextBeacon } from './beacon.ts';
import { applyBoundary } from './boundary.ts';
import type { ProtocolContext } from './context.ts';
import { openDisputes } from './disputes.ts';
import { drawOf } from './draw.ts';
import { protocolError } from './errors.ts';
import { takeExits } from './exits.ts';
import { payOut } from './payables.ts';
import { record } from './record.ts';
import { takeDeposits } from './stakes.ts';
import { deadlinesOf } from './timeline.ts';
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
  // 2. Where a round ends, the block has a boundary.
  if (isBoundary && boundary === undefined)
    throw protocolError('PROTOCOL_BOUNDARY_MISSING', `block ${height} ends round ${state.open.number}: boundary is missing`);
  // 3. Elsewhere it has none.
  if (!isBoundary && boundary !== undefined)
    throw protocolError('PROTOCOL_BOUNDARY_UNEXPECTED', `block ${height} has a boundary; one is due at ${state.open.sealsAt}`);
  // 4. A boundary block carries no operations, so that what it settles and merges is known from the block before.
  if (isBoundary && operations.length > 0) {
    throw protocolError('PROTOCOL_BOUNDARY_WITH_OPERATIONS', `boundary block ${height} carries ${operations.length} operations`);
  }
  const funded = takeExits(takeDeposits(state, input.deposits, context), input.exits ?? [], context);
  const output =
    boundary === undefined ? applyOrdinary(funded, height, operations, context) : applyBoundary(funded, height, boundary, context);
  return { ...output, burned: output.state.burned - state.burned };
}

/** An ordinary block: its operations, then what is owed, then the windows that end at its height. */
function applyOrdinary(state: ProtocolState, height: number, operations: readonly SignedOperation[], context: ProtocolContext) {
  const { debts, withdrawals } = payOut(applyOperations(state, operations, context));
  return { state: closeVotes(closeReveals({ ...debts, height }, context), context), withdrawals, settled: undefined };
}

/**
 * Applies operations one after the other on the way to the next block; two that exclude each other (two proofs by one
 * trainer, the last free place) do not both pass. A block builder folds over `validateOperation` and this.
 * @throws PROTOCOL_OPERATION_REFUSED naming the operation and the rule
 */
export function applyOperations(state: ProtocolState, operations: readonly SignedOperation[], context: ProtocolContext): ProtocolState {
  return operations.reduce((current, { operation }, index) => {
    const standing = validateOperation(current, operation, context);
    if (standing.kind === 'valid') return record(current, operation, context);
    const which = `operation ${index} (${operation.type} by ${toHex(operationAuthor(operation))})`;
    throw protocolError('PROTOCOL_OPERATION_REFUSED', `${which}: ${standing.message}`, { data: { index, standing } });
  }, state);
}

/** At the end of the reveal window the preimages shown become the draw of the sealed round and the next beacon. */
function closeReveals(state: ProtocolState, { genesis }: ProtocolContext): ProtocolState {
  const { sealed } = state;
  if (sealed === undefined || state.height !== deadlinesOf(state, sealed.sealedAt, genesis).reveals) return state;
  return { ...state, beacon: nextBeacon(state, sealed), sealed: { ...sealed, challengeSeed: challengeSeedOf(state, sealed) } };
}

/** At the end of the voting window the votes open the disputes. */
function closeVotes(state: ProtocolState, { genesis }: ProtocolContext): ProtocolState {
  const { sealed } = state;
  if (sealed === undefined || state.height !== deadlinesOf(state, sealed.sealedAt, genesis).votes) return state;
  const draw = drawOf(state);
  return draw === undefined ? state : { ...state, sealed: { ...sealed, ...openDisputes(state, sealed, draw) } };
}
