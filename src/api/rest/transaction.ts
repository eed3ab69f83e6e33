import type { NodeView } from '../../chain/view.ts';
import { decodeBlock } from '../../execution/block-view.ts';
import { toHex } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { formatPol } from '../../primitives/units.ts';

/** A final transaction in the REST API's words; undefined when unknown. */
export function restTransaction(view: NodeView, hash: Hash) {
  const stored = view.execution.transaction(hash);
  const receipt = view.execution.receipt(hash);
  const bytes = stored && view.execution.block(stored.blockNumber);
  const block = bytes && decodeBlock(bytes);
  const transaction = block?.transactions[stored?.index ?? -1];
  if (transaction === undefined || receipt === undefined || block === undefined) return undefined;
  return {
    hash: toHex(hash),
    from: checksumAddress(transaction.from),
    to: transaction.to === undefined ? null : checksumAddress(transaction.to),
    value: formatPol(transaction.value),
    value_wei: transaction.value.toString(),
    fee_wei: (receipt.gasUsed * receipt.effectiveGasPrice).toString(),
    nonce: Number(transaction.nonce),
    status: receipt.succeeded ? 'succeeded' : 'failed',
    block_number: block.header.number,
    timestamp: block.header.timestamp,
  };
}
