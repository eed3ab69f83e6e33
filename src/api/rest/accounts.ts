import type { NodeView } from '../../chain/view.ts';
import { toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { formatPol } from '../../primitives/units.ts';
import { parseAddress } from '../jsonrpc/parse.ts';
import { MAX_TRANSACTIONS_LISTED } from '../limits.ts';
import { restTransaction } from './transaction.ts';

/** GET /api/v1/balance/{address} */
export async function balance(view: NodeView, text: string) {
  const address = parseAddress(text, 'address');
  const wei = await view.execution.balance(address);
  return {
    address: checksumAddress(address),
    balance: formatPol(wei),
    balance_wei: wei.toString(),
    nonce: Number(await view.execution.nonce(address)),
    height: view.chain.head().height,
  };
}

/** GET /api/v1/transactions/{address}: newest first. Rewards are not transactions; they are withdrawals of blocks. */
export function accountTransactions(view: NodeView, text: string) {
  const address = parseAddress(text, 'address');
  const hashes = view.execution.transactionsOf(address, MAX_TRANSACTIONS_LISTED);
  return {
    address: checksumAddress(address),
    transactions: hashes.map((hash) => restTransaction(view, hash) ?? { hash: toHex(hash) }),
  };
}
