import type { StoredReceipt } from '../../execution/engine.ts';
import { data, quantity } from './format.ts';

export function receiptJson(receipt: StoredReceipt) {
  const place = {
    transactionHash: data(receipt.transactionHash),
    transactionIndex: quantity(receipt.index),
    blockHash: data(receipt.blockHash),
    blockNumber: quantity(receipt.blockNumber),
  };
  return {
    type: quantity(receipt.type),
    status: quantity(receipt.succeeded ? 1 : 0),
    ...place,
    from: data(receipt.from),
    to: receipt.to === undefined ? null : data(receipt.to),
    contractAddress: receipt.contractAddress === undefined ? null : data(receipt.contractAddress),
    gasUsed: quantity(receipt.gasUsed),
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: quantity(receipt.effectiveGasPrice),
    logsBloom: data(receipt.logsBloom),
    logs: receipt.logs.map((log) => ({
      address: data(log.address),
      topics: log.topics.map(data),
      data: data(log.data),
      ...place,
      logIndex: quantity(log.logIndex),
      removed: false,
    })),
  };
}
