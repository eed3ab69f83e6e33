import { decodeRlp, encodeRlp } from '../codec/rlp.ts';
import type { Clock } from '../primitives/clock.ts';
import { nodeError } from './errors.ts';

/** A message is sent when it holds this much, or when its first transaction has waited so long. */
const MAX_BATCH_BYTES = 64 * 1024;
const MAX_BATCH_WAIT_MS = 20;
/** Of a message from a peer: more than MAX_BATCH_BYTES holds of the smallest transactions. */
const MAX_BATCH_TRANSACTIONS = 1_024;

/** Transactions on their way out, several a message: a message costs more than the transactions in it. */
export interface TransactionBatches {
  send(raw: Uint8Array): void;
}

export function createTransactionBatches(dependencies: {
  readonly clock: Pick<Clock, 'after'>;
  readonly publish: (message: Uint8Array) => void;
}): TransactionBatches {
  const { clock, publish } = dependencies;
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let cancel: (() => void) | undefined;

  function flush(): void {
    cancel?.();
    cancel = undefined;
    if (waiting.length === 0) return;
    const message = encodeBatch(waiting);
    waiting = [];
    bytes = 0;
    publish(message);
  }

  return {
    send(raw) {
      if (bytes + raw.length > MAX_BATCH_BYTES || waiting.length >= MAX_BATCH_TRANSACTIONS) flush();
      waiting.push(raw);
      bytes += raw.length;
      cancel ??= clock.after(MAX_BATCH_WAIT_MS, flush);
    },
  };
}

/** RLP of a list of EIP-2718 bytes. */
export function encodeBatch(raws: readonly Uint8Array[]): Uint8Array {
  return encodeRlp(raws);
}

/** @throws CODEC_MALFORMED, NODE_BATCH_INVALID */
export function decodeBatch(message: Uint8Array): readonly Uint8Array[] {
  const items = decodeRlp(message);
  if (items instanceof Uint8Array || items.length === 0 || items.length > MAX_BATCH_TRANSACTIONS) {
    throw nodeError('NODE_BATCH_INVALID', `a message of transactions is a list of 1 to ${MAX_BATCH_TRANSACTIONS}`);
  }
  return items.map((item) => {
    if (!(item instanceof Uint8Array)) throw nodeError('NODE_BATCH_INVALID', 'a transaction is a string of bytes');
    // A copy: the pool keeps it, and the message is a view of a larger buffer.
    return item.slice();
  });
}
