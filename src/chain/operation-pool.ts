import { encodeSignedOperation, operationId, verifySignedOperation } from '../codec/operations.ts';
import type { SignedOperation } from '../codec/types.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import { applyOperations } from '../protocol/apply.ts';
import type { ProtocolContext } from '../protocol/context.ts';
import type { ProtocolState } from '../protocol/types.ts';
import { validateOperation } from '../protocol/validate-operation.ts';
import { MAX_OPERATION_BYTES_PER_BLOCK, MAX_POOLED_OPERATIONS } from './limits.ts';

/** Signed operations of the learning protocol that wait for a block. */
export interface OperationPool {
  /** added: new and kept; known: held already; refused: does not apply (any more); forged: its signature or form is wrong. */
  add(signed: SignedOperation): 'added' | 'known' | 'refused' | 'forged';
  /** Operations that apply to `state` one after the other, oldest first, within a block's limits. */
  select(state: ProtocolState): readonly SignedOperation[];
  /** Drops what the new head holds or makes stale. */
  prune(included: readonly SignedOperation[]): void;
  readonly size: number;
}

export function createOperationPool(dependencies: {
  readonly context: ProtocolContext;
  readonly state: () => ProtocolState;
}): OperationPool {
  const { context, state } = dependencies;
  const pooled = new Map<Hex, SignedOperation>();
  /** Signatures that were checked once; a block full of pooled operations then costs no recovery. */
  const idOf = (signed: SignedOperation): Hex => toHex(operationId(signed));

  return {
    add(signed) {
      const id = idOf(signed);
      if (pooled.has(id)) return 'known';
      const standing = validateOperation(state(), signed.operation, context);
      if (standing.kind === 'invalid' || standing.kind === 'stale') return 'refused';
      if (pooled.size >= MAX_POOLED_OPERATIONS) return 'refused';
      if (!verifySignedOperation(signed, context.genesisHash)) return 'forged';
      pooled.set(id, signed);
      return 'added';
    },
    select(head) {
      const selected: SignedOperation[] = [];
      let bytes = 0;
      let current = head;
      for (const signed of pooled.values()) {
        if (validateOperation(current, signed.operation, context).kind !== 'valid') continue;
        bytes += encodeSignedOperation(signed).length;
        if (bytes > MAX_OPERATION_BYTES_PER_BLOCK) break;
        // Each is judged on what the ones before it leave: two proofs of one trainer never share a block.
        current = applyOperations(current, [signed], context);
        selected.push(signed);
      }
      return selected;
    },
    prune(included) {
      for (const signed of included) pooled.delete(idOf(signed));
      for (const [id, signed] of pooled) {
        const standing = validateOperation(state(), signed.operation, context);
        if (standing.kind === 'invalid' || standing.kind === 'stale') pooled.delete(id);
      }
    },
    get size() {
      return pooled.size;
    },
  };
}
