import type { NodeView } from '../../chain/view.ts';
import { decodeTransactionView, type TransactionView } from '../../execution/transaction-view.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import { type Address, checksumAddress } from '../../primitives/keys.ts';

/** Pooled transactions by sender and nonce, in go-ethereum's two parts. */
export function poolContent<T>(view: NodeView, show: (transaction: TransactionView) => T, only?: Address) {
  const { pending, queued } = view.chain.poolContent();
  const part = (raws: readonly Uint8Array[]) => {
    const senders: Record<string, Record<string, T>> = {};
    for (const raw of raws) {
      const transaction = decodeTransactionView(raw);
      if (only !== undefined && !equalBytes(only, transaction.from)) continue;
      const name = checksumAddress(transaction.from);
      senders[name] = { ...senders[name], [transaction.nonce.toString()]: show(transaction) };
    }
    return senders;
  };
  return { pending: part(pending), queued: part(queued) };
}
