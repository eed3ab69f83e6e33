import { fromHex, type Hex } from '../../primitives/bytes.ts';
import { executionError } from '../errors.ts';
import type { ReceiptBody } from '../receipts.ts';

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

/** @throws EXECUTION_CLIENT_FAILED when a field is not what the specification says */
export function receiptOfJson(json: JsonReceipt): ReceiptBody {
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
