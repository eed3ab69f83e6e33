import type { NodeView } from '../../chain/view.ts';
import { decodeBlock, type HeaderView } from '../../execution/block-view.ts';
import type { BlockReference } from '../../execution/engine.ts';
import { decodeTransactionView, effectiveGasPriceOf, type TransactionView } from '../../execution/transaction-view.ts';
import type { Hash } from '../../primitives/hash.ts';
import { data, quantity } from './format.ts';

interface Place {
  readonly header: HeaderView;
  readonly index: number;
}

/** A transaction as the execution API gives it; without a place it is pooled, and the place's fields are null. */
function transactionJson(transaction: TransactionView, place: Place | undefined) {
  const { accessList, authorizationList, blobVersionedHashes, chainId, maxFeePerBlobGas, maxFeePerGas, maxPriorityFeePerGas } = transaction;
  const gasPrice =
    place === undefined ? (transaction.gasPrice ?? maxFeePerGas ?? 0n) : effectiveGasPriceOf(transaction, place.header.baseFeePerGas);
  return {
    blockHash: place === undefined ? null : data(place.header.hash),
    blockNumber: place === undefined ? null : quantity(place.header.number),
    blockTimestamp: place === undefined ? null : quantity(place.header.timestamp),
    transactionIndex: place === undefined ? null : quantity(place.index),
    hash: data(transaction.hash),
    type: quantity(transaction.type),
    ...(chainId === undefined ? {} : { chainId: quantity(chainId) }),
    nonce: quantity(transaction.nonce),
    from: data(transaction.from),
    to: transaction.to === undefined ? null : data(transaction.to),
    value: quantity(transaction.value),
    gas: quantity(transaction.gas),
    gasPrice: quantity(gasPrice),
    ...(maxFeePerGas === undefined ? {} : { maxFeePerGas: quantity(maxFeePerGas) }),
    ...(maxPriorityFeePerGas === undefined ? {} : { maxPriorityFeePerGas: quantity(maxPriorityFeePerGas) }),
    ...(maxFeePerBlobGas === undefined ? {} : { maxFeePerBlobGas: quantity(maxFeePerBlobGas) }),
    ...(blobVersionedHashes === undefined ? {} : { blobVersionedHashes: blobVersionedHashes.map(data) }),
    ...(accessList === undefined
      ? {}
      : { accessList: accessList.map(({ address, storageKeys }) => ({ address: data(address), storageKeys: storageKeys.map(data) })) }),
    ...(authorizationList === undefined
      ? {}
      : {
          authorizationList: authorizationList.map((item) => ({
            chainId: quantity(item.chainId),
            address: data(item.address),
            nonce: quantity(item.nonce),
            yParity: quantity(item.yParity),
            r: quantity(item.r),
            s: quantity(item.s),
          })),
        }),
    input: data(transaction.input),
    v: quantity(transaction.v),
    r: quantity(transaction.r),
    s: quantity(transaction.s),
    ...(transaction.type === 0 ? {} : { yParity: quantity(transaction.yParity) }),
  };
}

export function minedTransactionJson(transaction: TransactionView, header: HeaderView, index: number) {
  return transactionJson(transaction, { header, index });
}

export function pooledTransactionJson(raw: Uint8Array) {
  return transactionJson(decodeTransactionView(raw), undefined);
}

export function transactionInBlock(view: NodeView, at: BlockReference, index: bigint) {
  const bytes = view.execution.block(at);
  if (bytes === undefined) return null;
  const { header, transactions } = decodeBlock(bytes);
  const transaction = transactions[Number(index)];
  return transaction === undefined ? null : minedTransactionJson(transaction, header, Number(index));
}

export function transactionByHash(view: NodeView, hash: Hash) {
  const stored = view.execution.transaction(hash);
  if (stored !== undefined) return transactionInBlock(view, stored.blockNumber, BigInt(stored.index));
  const pooled = view.chain.pooled(hash);
  return pooled === undefined ? null : pooledTransactionJson(pooled);
}
