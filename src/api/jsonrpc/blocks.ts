import type { NodeView } from '../../chain/view.ts';
import { type BlockView, decodeBlock } from '../../execution/block-view.ts';
import type { BlockReference } from '../../execution/engine.ts';
import { data, quantity } from './format.ts';
import { minedTransactionJson } from './transactions.ts';

/** A final block, decoded; undefined when there is none. */
export function blockAt(view: NodeView, at: BlockReference): BlockView | undefined {
  const bytes = view.execution.block(at);
  return bytes === undefined ? undefined : decodeBlock(bytes);
}

/** eth_getBlockBy…: the header, withdrawals, and transactions whole or by hash. */
export function blockJson(view: NodeView, at: BlockReference, full: boolean) {
  const block = blockAt(view, at);
  if (block === undefined) return null;
  const { header, transactions, withdrawals, size } = block;
  return {
    number: quantity(header.number),
    hash: data(header.hash),
    parentHash: data(header.parentHash),
    sha3Uncles: data(header.sha3Uncles),
    miner: data(header.miner),
    stateRoot: data(header.stateRoot),
    transactionsRoot: data(header.transactionsRoot),
    receiptsRoot: data(header.receiptsRoot),
    logsBloom: data(header.logsBloom),
    difficulty: quantity(header.difficulty),
    totalDifficulty: '0x0',
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: data(header.extraData),
    mixHash: data(header.mixHash),
    nonce: data(header.nonce),
    baseFeePerGas: quantity(header.baseFeePerGas),
    withdrawalsRoot: data(header.withdrawalsRoot),
    blobGasUsed: quantity(header.blobGasUsed),
    excessBlobGas: quantity(header.excessBlobGas),
    parentBeaconBlockRoot: data(header.parentBeaconBlockRoot),
    ...(header.requestsHash === undefined ? {} : { requestsHash: data(header.requestsHash) }),
    size: quantity(size),
    uncles: [],
    transactions: transactions.map((transaction, index) =>
      full ? minedTransactionJson(transaction, header, index) : data(transaction.hash),
    ),
    withdrawals: withdrawals.map((withdrawal) => ({
      index: quantity(withdrawal.index),
      validatorIndex: quantity(withdrawal.validatorIndex),
      address: data(withdrawal.address),
      amount: quantity(withdrawal.amount),
    })),
  };
}
