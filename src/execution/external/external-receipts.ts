import { equalBytes, fromHex, type Hex } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { listRoot } from '../block-roots.ts';
import { executionError } from '../errors.ts';
import { encodeReceipt, type ReceiptBody } from '../receipts.ts';
import { type DecodedTransaction, effectiveGasPrice } from '../transactions.ts';

/** A receipt as eth_getBlockReceipts gives it. */
export interface JsonReceipt {
  readonly transactionHash: Hex;
  readonly type: Hex;
  readonly from: Hex;
  readonly to: Hex | null;
  readonly contractAddress: Hex | null;
  readonly status?: Hex;
  readonly gasUsed: Hex;
  readonly cumulativeGasUsed: Hex;
  readonly effectiveGasPrice: Hex;
  readonly logsBloom: Hex;
  readonly logs: readonly { readonly address: Hex; readonly topics: readonly Hex[]; readonly data: Hex; readonly logIndex: Hex }[];
}

/**
 * A block's receipts from a client's answer. What the block's own bytes tell is taken from them (EthereumJS's client leaves the base fee out of
 * the price, and numbers logs by transaction), and the whole is held against the header's root.
 * @throws EXECUTION_CLIENT_FAILED
 */
export function receiptsOfJson(
  answers: readonly JsonReceipt[],
  block: {
    readonly transactions: readonly DecodedTransaction[];
    readonly baseFeePerGas: bigint;
    readonly receiptsRoot: Hash;
  },
): readonly ReceiptBody[] {
  let gasBefore = 0n;
  let logCount = 0;
  const receipts = block.transactions.map((transaction, index): ReceiptBody => {
    const json = answers[index];
    if (json === undefined)
      throw executionError('EXECUTION_CLIENT_FAILED', 'the execution client lacks a receipt of a block that it executed');
    const receipt = receiptOfJson(json);
    const gasUsed = receipt.cumulativeGasUsed - gasBefore;
    gasBefore = receipt.cumulativeGasUsed;
    const logs = receipt.logs.map((log) => ({ ...log, logIndex: logCount++ }));
    return {
      ...receipt,
      transactionHash: transaction.hash,
      gasUsed,
      logs,
      effectiveGasPrice: effectiveGasPrice(transaction, block.baseFeePerGas),
    };
  });
  if (!equalBytes(listRoot(receipts.map(encodeReceipt)), block.receiptsRoot)) {
    throw executionError('EXECUTION_CLIENT_FAILED', 'the execution client gave receipts that are not the block’s');
  }
  return receipts;
}

function receiptOfJson(json: JsonReceipt): ReceiptBody {
  try {
    const optional = (value: Hex | null | undefined) => (value === null || value === undefined ? undefined : fromHex(value));
    return {
      transactionHash: fromHex(json.transactionHash, 32),
      type: Number(json.type),
      from: fromHex(json.from, 20),
      to: optional(json.to),
      contractAddress: optional(json.contractAddress),
      succeeded: BigInt(json.status ?? '0x1') === 1n,
      stateRoot: undefined,
      gasUsed: BigInt(json.gasUsed),
      cumulativeGasUsed: BigInt(json.cumulativeGasUsed),
      effectiveGasPrice: BigInt(json.effectiveGasPrice),
      logsBloom: fromHex(json.logsBloom, 256),
      logs: json.logs.map((log) => ({
        address: fromHex(log.address, 20),
        topics: log.topics.map((topic) => fromHex(topic, 32)),
        data: fromHex(log.data),
        logIndex: Number(log.logIndex),
      })),
    };
  } catch (cause) {
    throw executionError('EXECUTION_CLIENT_FAILED', 'the execution client gave a receipt that is none', { cause });
  }
}
