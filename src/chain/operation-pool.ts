import { MAX_OPERATIONS_PER_BLOCK } from '../codec/limits.ts';
import { encodeSignedOperation, operationAuthor, operationId, verifySignedOperation } from '../codec/operations.ts';
import type { Operation, SignedOperation } from '../codec/types.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import type { SignatureCheck } from '../primitives/keys.ts';
import { applyOperations } from '../protocol/apply.ts';
import type { ProtocolContext } from '../protocol/context.ts';
import type { ProtocolState } from '../protocol/types.ts';
import { validateOperation } from '../protocol/validate-operation.ts';
import { MAX_OPERATION_BYTES_PER_BLOCK, MAX_OPERATION_LEAD_ROUNDS, MAX_POOLED_OPERATIONS, MAX_POOLED_UNRIPE_OPERATIONS } from './limits.ts';

/** Signed operations of the learning protocol that wait for a block. */
export interface OperationPool {
  /**
   * added: new and kept. again: held, and not heard of since the last block: worth telling others once more. known: held, and
   * heard of at this height. refused: does not apply (any more), or there is no room. forged: its signature is wrong.
   */
  add(signed: SignedOperation): 'added' | 'again' | 'known' | 'refused' | 'forged';
  /** True when the next block could carry it. */
  applies(operation: Operation): boolean;
  /** Operations that apply to `state` one after the other, within a block's limits. */
  select(state: ProtocolState): readonly SignedOperation[];
  /** Drops what the new head holds or makes stale. */
  prune(included: readonly SignedOperation[]): void;
  readonly size: number;
}

interface Entry {
  readonly signed: SignedOperation;
  readonly place: string;
  /** Counts against MAX_POOLED_UNRIPE_OPERATIONS. */
  readonly unripe: boolean;
  /** Height at which it was heard of last. */
  heardAt: number;
}

/** What a block takes first when there is no room for all: a late preimage or vote is lost, a join only waits. */
const PRIORITY: Readonly<Record<Operation['type'], number>> = {
  reveal: 0,
  commit: 1,
  vote: 1,
  ruling: 1,
  withdraw: 2,
  proof: 3,
  evidence: 4,
  renew: 5,
  authority_vote: 5,
  exit: 6,
  join: 7,
};

export function createOperationPool(dependencies: {
  readonly context: ProtocolContext;
  readonly state: () => ProtocolState;
  /** secp256k1 unless a simulation brings a faster check. */
  readonly isSignedBy?: SignatureCheck | undefined;
}): OperationPool {
  const { context, state, isSignedBy } = dependencies;
  const pooled = new Map<Hex, Entry>();
  /** One operation for each author, kind and round: a second one could never be in a block, too. */
  const places = new Set<string>();
  let unripeCount = 0;

  function keep(id: Hex, entry: Entry): void {
    pooled.set(id, entry);
    places.add(entry.place);
    if (entry.unripe) unripeCount++;
  }

  function forget(id: Hex): void {
    const entry = pooled.get(id);
    if (entry === undefined) return;
    pooled.delete(id);
    places.delete(entry.place);
    if (entry.unripe) unripeCount--;
  }

  return {
    add(signed) {
      const { operation } = signed;
      const current = state();
      const id = toHex(operationId(signed));
      const held = pooled.get(id);
      if (held !== undefined) {
        const isNews = held.heardAt < current.height;
        held.heardAt = current.height;
        return isNews ? 'again' : 'known';
      }
      // 1. A block can carry it, now or soon.
      const standing = validateOperation(current, operation, context);
      if (standing.kind === 'invalid' || standing.kind === 'stale') return 'refused';
      if (operation.round > current.open.number + MAX_OPERATION_LEAD_ROUNDS) return 'refused';
      // 2. Its place is free.
      const place = `${operation.type} ${toHex(operationAuthor(operation))} ${operation.round}`;
      if (places.has(place)) return 'refused';
      // 3. There is room.
      const unripe = operation.type === 'join' || standing.kind === 'later';
      if (pooled.size >= MAX_POOLED_OPERATIONS || (unripe && unripeCount >= MAX_POOLED_UNRIPE_OPERATIONS)) return 'refused';
      // 4. Its author signed it: last, because it costs most.
      if (!verifySignedOperation(signed, context.genesisHash, isSignedBy)) return 'forged';
      keep(id, { signed, place, unripe, heardAt: current.height });
      return 'added';
    },
    applies: (operation) => validateOperation(state(), operation, context).kind === 'valid',
    select(head) {
      const selected: SignedOperation[] = [];
      let bytes = 0;
      let current = head;
      // The sort is stable: oldest first among equals.
      const entries = [...pooled.values()].sort((a, b) => PRIORITY[a.signed.operation.type] - PRIORITY[b.signed.operation.type]);
      for (const { signed } of entries) {
        if (selected.length >= MAX_OPERATIONS_PER_BLOCK) break;
        if (validateOperation(current, signed.operation, context).kind !== 'valid') continue;
        bytes += encodeSignedOperation(signed).length;
        if (bytes > MAX_OPERATION_BYTES_PER_BLOCK) break;
        // Each is judged on what the ones before it leave: two joins never take one place.
        current = applyOperations(current, [signed], context);
        selected.push(signed);
      }
      return selected;
    },
    prune(included) {
      for (const signed of included) forget(toHex(operationId(signed)));
      const current = state();
      for (const [id, { signed }] of pooled) {
        const standing = validateOperation(current, signed.operation, context);
        if (standing.kind === 'invalid' || standing.kind === 'stale') forget(id);
      }
    },
    get size() {
      return pooled.size;
    },
  };
}
