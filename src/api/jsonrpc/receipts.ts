import type { NodeView } from '../../chain/view.ts';
import type { StoredReceipt } from '../../execution/engine.ts';
import { BLOB_GAS } from '../../execution/message.ts';
import { decodeTransactionView } from '../../execution/transaction-view.ts';
import { data, quantity } from './format.ts';
import { logJson } from './logs.ts';

const BLOB_TRANSACTION = 3;

export function receiptJson(view: NodeView, receipt: StoredReceipt) {
  const { blockHash, blockNumber, blockTimestamp, transactionHash, index: transactionIndex } = receipt;
  return {
    type: quantity(receipt.type),
    // Before Byzantium a receipt held the state's root in place of the status.
    ...(receipt.stateRoot === undefined ? { status: quantity(receipt.succeeded ? 1 : 0) } : { root: data(receipt.stateRoot) }),
    transactionHash: data(transactionHash),
    transactionIndex: quantity(transactionIndex),
    blockHash: data(blockHash),
    blockNumber: quantity(blockNumber),
    from: data(receipt.from),
    to: receipt.to === undefined ? null : data(receipt.to),
    contractAddress: receipt.contractAddress === undefined ? null : data(receipt.contractAddress),
    gasUsed: quantity(receipt.gasUsed),
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: quantity(receipt.effectiveGasPrice),
    ...(receipt.type === BLOB_TRANSACTION ? blobFields(view, receipt) : {}),
    logsBloom: data(receipt.logsBloom),
    logs: receipt.logs.map((log) => logJson({ ...log, blockHash, blockNumber, blockTimestamp, transactionHash, transactionIndex })),
  };
}

function blobFields(view: NodeView, { transactionHash, blockNumber }: StoredReceipt) {
  const stored = view.execution.transaction(transactionHash);
  const blobs = stored === undefined ? 0 : (decodeTransactionView(stored.raw).blobVersionedHashes ?? []).length;
  return { blobGasUsed: quantity(BigInt(blobs) * BLOB_GAS), blobGasPrice: quantity(view.execution.blobBaseFee(blockNumber)) };
}
