import type { NodeView } from '../../chain/view.ts';
import { type BlockView, decodeBlock, decodeHeader, type HeaderView } from '../../execution/block-view.ts';
import type { BlockReference } from '../../execution/engine.ts';
import { data, quantity } from './format.ts';
import { minedTransactionJson } from './transactions.ts';

/** A final block, decoded; undefined when there is none. */
export function blockAt(view: NodeView, at: BlockReference): BlockView | undefined {
  const bytes = view.execution.block(at);
  return bytes === undefined ? undefined : decodeBlock(bytes);
}

/** Its header alone: cheap for blocks of many transactions. */
export function headerAt(view: NodeView, at: BlockReference): HeaderView | undefined {
  const bytes = view.execution.block(at);
  return bytes === undefined ? undefined : decodeHeader(bytes);
}

/** A header; fields that its fork does not have are left out. */
export function headerJson(header: HeaderView) {
  const optional = <K extends string, T, J>(name: K, value: T | undefined, format: (value: T) => J) =>
    (value === undefined ? {} : { [name]: format(value) }) as { [key in K]?: J };
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
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: data(header.extraData),
    mixHash: data(header.mixHash),
    nonce: data(header.nonce),
    ...optional('baseFeePerGas', header.baseFeePerGas, quantity),
    ...optional('withdrawalsRoot', header.withdrawalsRoot, data),
    ...optional('blobGasUsed', header.blobGasUsed, quantity),
    ...optional('excessBlobGas', header.excessBlobGas, quantity),
    ...optional('parentBeaconBlockRoot', header.parentBeaconBlockRoot, data),
    ...optional('requestsHash', header.requestsHash, data),
  };
}

/** eth_getBlockBy…: the header, withdrawals, and transactions whole or by hash. */
export function blockJson({ header, transactions, uncles, withdrawals, size }: BlockView, full: boolean) {
  return {
    ...headerJson(header),
    size: quantity(size),
    uncles: uncles.map(data),
    transactions: transactions.map((transaction, index) =>
      full ? minedTransactionJson(transaction, header, index) : data(transaction.hash),
    ),
    ...(withdrawals === undefined
      ? {}
      : {
          withdrawals: withdrawals.map((withdrawal) => ({
            index: quantity(withdrawal.index),
            validatorIndex: quantity(withdrawal.validatorIndex),
            address: data(withdrawal.address),
            amount: quantity(withdrawal.amount),
          })),
        }),
  };
}

/** The block at a reference as JSON; null when there is none. */
export function blockJsonAt(view: NodeView, at: BlockReference, full: boolean) {
  const block = blockAt(view, at);
  return block === undefined ? null : blockJson(block, full);
}
