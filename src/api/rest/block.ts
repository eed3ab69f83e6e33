import type { NodeView } from '../../chain/view.ts';
import { decodeBlock } from '../../execution/block-view.ts';
import { toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { WEI_PER_GWEI } from '../../primitives/units.ts';
import { apiError } from '../errors.ts';
import { consensusBlockJson } from '../view-models.ts';
import { parseNumber } from './parse-number.ts';
import { restTransaction } from './transaction.ts';

/** GET /api/v1/block/{number}: both sides of a block, consensus and execution. */
export function block(view: NodeView, text: string) {
  const height = text === 'latest' ? view.chain.head().height : parseNumber(text, 'block number');
  const bytes = view.execution.block(height);
  if (bytes === undefined) {
    throw apiError('API_NOT_FOUND', `there is no block ${height}; the last one is ${view.chain.head().height}`);
  }
  const { header, transactions, withdrawals, size } = decodeBlock(bytes);
  return {
    number: height,
    hash: toHex(header.hash),
    parent_hash: toHex(header.parentHash),
    state_root: toHex(header.stateRoot),
    timestamp: header.timestamp,
    proposer: checksumAddress(header.miner),
    gas_used: header.gasUsed.toString(),
    gas_limit: header.gasLimit.toString(),
    base_fee_per_gas: (header.baseFeePerGas ?? 0n).toString(),
    size,
    transactions: transactions.map(({ hash }) => restTransaction(view, hash)),
    /** Coins minted by the learning protocol in this block. */
    rewards: (withdrawals ?? []).map(({ address, amount }) => ({
      address: checksumAddress(address),
      amount: (amount * WEI_PER_GWEI).toString(),
    })),
    consensus: consensusBlockJson(view, height) ?? null,
  };
}
