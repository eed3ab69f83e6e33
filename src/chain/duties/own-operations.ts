import { operationId, signOperation } from '../../codec/operations.ts';
import type { AuthorityVoteOperation, ExitOperation, Operation, SignedOperation } from '../../codec/types.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { Signer } from '../../primitives/keys.ts';
import type { ProtocolContext } from '../../protocol/context.ts';
import type { ProtocolState } from '../../protocol/types.ts';
import { validateOperation } from '../../protocol/validate-operation.ts';
import { chainError } from '../errors.ts';
import { MAX_OWN_OPERATIONS } from '../limits.ts';

/** What an operator asks a node to sign, beside what its duties make it say. */
export type OwnRequest = Pick<ExitOperation, 'type' | 'gwei'> | Pick<AuthorityVoteOperation, 'type' | 'change'>;

/** Operations that the operator asked for: offered at each block until one holds them, or none can any more. */
export interface OwnOperations {
  /** Signs and offers; gives the operation's identity. @throws CHAIN_OPERATION_REFUSED naming the rule */
  submit(request: OwnRequest): Hash;
  /** Call after each final block. */
  tick(): void;
}

export function createOwnOperations(
  context: ProtocolContext,
  dependencies: {
    readonly signer: Signer;
    readonly state: () => ProtocolState;
    /** Pools and gossips what the next block can carry. */
    readonly send: (signed: SignedOperation) => void;
  },
): OwnOperations {
  const { signer, state, send } = dependencies;
  let waiting: readonly SignedOperation[] = [];

  function operationOf(request: OwnRequest): Operation {
    const round = state().open.number;
    return request.type === 'exit' ? { ...request, account: signer.address, round } : { ...request, authority: signer.address, round };
  }

  return {
    submit(request) {
      const operation = operationOf(request);
      const standing = validateOperation(state(), operation, context);
      if (standing.kind === 'stale' || standing.kind === 'invalid') throw chainError('CHAIN_OPERATION_REFUSED', standing.message);
      if (waiting.length >= MAX_OWN_OPERATIONS) {
        throw chainError('CHAIN_OPERATION_REFUSED', `${waiting.length} operations of this node wait for a block already`);
      }
      const signed = signOperation(operation, context.genesisHash, signer);
      waiting = [...waiting, signed];
      send(signed);
      return operationId(signed);
    },
    tick() {
      const standingOf = ({ operation }: SignedOperation) => validateOperation(state(), operation, context).kind;
      // One that a block holds is stale from then on: it would ask for the same again.
      waiting = waiting.filter((signed) => ['valid', 'later'].includes(standingOf(signed)));
      for (const signed of waiting) send(signed);
    },
  };
}
