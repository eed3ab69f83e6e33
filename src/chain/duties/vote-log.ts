import { decodeSignedOperation, encodeSignedOperation } from '../../codec/operations.ts';
import type { SignedOperation, VoteOperation } from '../../codec/types.ts';
import type { KeyValueStore } from '../../store/kv.ts';
import { Prefix } from '../../store/prefixes.ts';

/** The vote an authority committed to last: after a restart it can still be opened. */
export interface VoteLog {
  load(): SignedOperation<VoteOperation> | undefined;
  /** Durable when it resolves. */
  save(vote: SignedOperation<VoteOperation>): Promise<void>;
}

const KEY = Uint8Array.of(Prefix.ownVote);

export function createVoteLog(store: KeyValueStore): VoteLog {
  return {
    load() {
      const bytes = store.get(KEY);
      if (bytes === undefined) return undefined;
      const signed = decodeSignedOperation(bytes);
      return signed.operation.type === 'vote' ? { ...signed, operation: signed.operation } : undefined;
    },
    save: (vote) => store.write([{ key: KEY, value: encodeSignedOperation(vote) }]),
  };
}
