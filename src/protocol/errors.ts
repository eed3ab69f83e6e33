import { errorDomain } from '../primitives/errors.ts';

/** Why a block cannot follow a protocol state. A block that causes one of these is invalid. */
export const protocolError = errorDomain({
  PROTOCOL_WRONG_HEIGHT: { explanation: 'The block is not the next one.', http: 400 },
  PROTOCOL_BOUNDARY_MISSING: { explanation: 'A round ends at this height, and the block has no boundary.', http: 400 },
  PROTOCOL_BOUNDARY_UNEXPECTED: { explanation: 'The block has a boundary, and no round ends at this height.', http: 400 },
  PROTOCOL_BOUNDARY_WITH_OPERATIONS: { explanation: 'A boundary block carries operations.', http: 400 },
  PROTOCOL_SEALED_NOT_ASCENDING: { explanation: 'The sealed list does not ascend, or names a trainer twice.', http: 400 },
  PROTOCOL_SEALED_WITHOUT_PROOF: { explanation: 'The sealed list names a trainer that has no proof in the round.', http: 400 },
  PROTOCOL_AUTHORITIES_WRONG: {
    explanation: 'The boundary names another authority set than follows, or none where it changes.',
    http: 400,
  },
  PROTOCOL_OPERATION_REFUSED: { explanation: 'An operation breaks a rule; `data.standing` tells which.', http: 400 },
});
